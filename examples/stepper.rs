//! Turns a 28BYJ-48 on GPIO17, GPIO18, GPIO27 and GPIO22 (IN1 to IN4 of its board) forth and back by a 64th of a revolution.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let motor = Stepper::builder([17, 18, 27, 22]).rpm(10.0).acceleration(2000.0).open()?;

    for position in [32, 0] {
        motor.go_to(position)?;
        motor.wait()?;
        println!("at {} steps, {} of them late", motor.position()?, motor.missed());
    }
    Ok(())
}
