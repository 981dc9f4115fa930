//! pyvcd: reads the files of traces.

use std::fs::{self, File};

use pinzero::prelude::*;
use pinzero::{mock, trace};

use crate::client::{programs, python};

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn a_trace_is_read_by_pyvcd() {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open().unwrap();
    let lamp = PwmLed::builder(18).gpio(&gpio).open().unwrap();
    let button = Button::builder(24).gpio(&gpio).open().unwrap();
    button.when_pressed(move |_| led.on());
    let trace = trace::record(&gpio);
    gpio.line(24).script([(ms(20), Level::Low), (ms(50), Level::High)]);
    gpio.advance(ms(30));
    lamp.set_value(0.25).unwrap();
    gpio.advance(ms(30));
    let path = std::env::temp_dir().join(format!("pinzero-{}.vcd", std::process::id()));
    trace.write_vcd(File::create(&path).unwrap()).unwrap();

    let output = python().arg(programs().join("vcd_values.py")).arg(&path).output().unwrap();
    fs::remove_file(&path).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected = "\
0 GPIO17_Led 0
0 GPIO18_PwmLed 0
0 GPIO18_PwmLed_duty 0.0
0 GPIO18_PwmLed_hertz 0.0
0 GPIO24_Button 1
20000000 GPIO24_Button 0
20000000 GPIO24_Button_events pressed
20000000 GPIO17_Led 1
30000000 GPIO18_PwmLed x
30000000 GPIO18_PwmLed_duty 0.25
30000000 GPIO18_PwmLed_hertz 100.0
50000000 GPIO24_Button 1
50000000 GPIO24_Button_events released
";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}
