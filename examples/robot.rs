//! Drives a robot in a figure: straight on, in a curve, on the spot, and back. Its motors are on GPIO4 and GPIO14 (left), and on GPIO17 and
//! GPIO18 (right).

use pinzero::Curve;
use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let robot = Robot::new((4, 14), (17, 18))?;
    let pause = |time| robot.gpio().sleep(ms(time));

    println!("forward");
    robot.forward(0.75)?;
    pause(500);
    println!("in a curve to the left");
    robot.forward_curve(1.0, Curve::Left(0.5))?;
    pause(500);
    println!("round to the right");
    robot.right(0.5)?;
    pause(500);
    println!("backward");
    robot.backward(0.25)?;
    pause(500);
    robot.stop()
}
