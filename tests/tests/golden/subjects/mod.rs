//! The devices that scenarios can drive: one file each.

mod adc;
mod button;
mod button_board;
mod buzzer;
mod digital_input;
mod digital_output;
mod distance_sensor;
mod energenie;
mod internal;
mod led;
mod led_bar_graph;
mod led_board;
mod led_char_display;
mod light;
mod light_sensor;
mod motor;
mod products;
mod pwm_led;
mod pwm_output;
mod rgb_led;
mod robot;
mod rotary_encoder;
mod servo;
mod smoothed;
mod tonal_buzzer;
mod tone;
mod tools;

pub(crate) use tools::source;

use pinzero::{Gpio, Result};

use crate::subject::{Args, Open, Subject};

/// gpiozero's class, and the device of ours that stands for it.
const SUBJECTS: &[(&str, Open)] = &[
    ("AngularServo", servo::open_angular),
    ("Button", button::open),
    ("ButtonBoard", button_board::open),
    ("Buzzer", buzzer::open),
    ("CPUTemperature", internal::open_cpu_temperature),
    ("CamJamKitRobot", products::open_cam_jam_kit_robot),
    ("DigitalInputDevice", digital_input::open),
    ("DigitalOutputDevice", digital_output::open),
    ("DiskUsage", internal::open_disk_usage),
    ("DistanceSensor", distance_sensor::open),
    ("Energenie", energenie::open),
    ("FishDish", products::open_fish_dish),
    ("JamHat", products::open_jam_hat),
    ("LED", led::open),
    ("LEDBarGraph", led_bar_graph::open),
    ("LEDBoard", led_board::open),
    ("LEDCharDisplay", led_char_display::open),
    ("LEDCollection", led_board::open),
    ("LEDMultiCharDisplay", led_char_display::open_multi),
    ("LedBorg", products::open_led_borg),
    ("LightSensor", light_sensor::open),
    ("LineSensor", smoothed::open_line),
    ("LoadAverage", internal::open_load_average),
    ("MCP3002", adc::open_3002),
    ("MCP3008", adc::open_3008),
    ("MCP3201", adc::open_3201),
    ("MCP3208", adc::open_3208),
    ("MCP3301", adc::open_3301),
    ("MCP3304", adc::open_3304),
    ("MotionSensor", smoothed::open_motion),
    ("Motor", motor::open),
    ("PWMLED", pwm_led::open),
    ("PWMOutputDevice", pwm_output::open),
    ("PhaseEnableMotor", motor::open_phase_enable),
    ("PiHutXmasTree", products::open_pi_hut_xmas_tree),
    ("PiLiter", products::open_pi_liter),
    ("PiLiterBarGraph", products::open_pi_liter_bar_graph),
    ("PiStop", products::open_pi_stop),
    ("PiTraffic", products::open_pi_traffic),
    ("Pibrella", products::open_pibrella),
    ("PingServer", internal::open_ping_server),
    ("PololuDRV8835Robot", products::open_pololu_robot),
    ("PumpkinPi", products::open_pumpkin_pi),
    ("RGBLED", rgb_led::open),
    ("Robot", robot::open),
    ("RotaryEncoder", rotary_encoder::open),
    ("RyanteckRobot", products::open_ryanteck_robot),
    ("Servo", servo::open),
    ("SmoothedInputDevice", smoothed::open),
    ("SnowPi", products::open_snow_pi),
    ("StatusBoard", products::open_status_board),
    ("StatusZero", products::open_status_zero),
    ("TimeOfDay", internal::open_time_of_day),
    ("TonalBuzzer", tonal_buzzer::open),
    ("Tone", tone::open),
    ("TrafficHat", products::open_traffic_hat),
    ("TrafficLights", led_board::open_traffic_lights),
    ("TrafficLightsBuzzer", products::open_traffic_lights_buzzer),
    ("TrafficpHat", products::open_trafficp_hat),
];

/// Returns whether there is a device for this class of gpiozero's.
pub(crate) fn is_there(class: &str) -> bool {
    class == "tools" || SUBJECTS.iter().any(|(name, _)| *name == class)
}

/// Opens the device for this class of gpiozero's.
pub(crate) fn open(class: &str, gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let subject = SUBJECTS.iter().find(|(name, _)| *name == class);
    let (_, open) = subject.unwrap_or_else(|| panic!("no subject for {class}"));
    open(gpio, args)
}
