//! Drives a robot by four buttons: left GPIO26, right GPIO16, forward GPIO21, backward GPIO20. Its motors are on GPIO4 and GPIO14 (left),
//! and on GPIO17 and GPIO18 (right).

use pinzero::prelude::*;

type Drive = fn(&Robot, f64) -> pinzero::Result<()>;

fn main() -> pinzero::Result<()> {
    let robot = Robot::new((4, 14), (17, 18))?;

    let drives: [(u32, Drive); 4] =
        [(26, Robot::left), (16, Robot::right), (21, Robot::forward), (20, Robot::backward)];
    let mut buttons = Vec::new();
    for (pin, drive) in drives {
        let button = Button::new(pin)?;
        let (driven, stopped) = (robot.clone(), robot.clone());
        button.when_pressed(move |_| drive(&driven, 1.0));
        button.when_released(move |_| stopped.stop());
        buttons.push(button);
    }

    println!("press a button to drive");
    pinzero::pause();
    Ok(())
}
