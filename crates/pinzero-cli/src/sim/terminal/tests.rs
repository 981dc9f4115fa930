//! The screen, compared with files, and the answers to keys and the mouse.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail where they cannot go on")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::style::Color;

use crate::sim::state::{Action, Control, Frame, LineLook, Look, PartScene, PinScene, Scene};
use crate::sim::terminal::input::{Answer, Board, Input};
use crate::sim::terminal::palette::Palette;
use crate::sim::terminal::view::View;

/// The labels of a header of 40 pins.
const HEADER: [&str; 40] = [
    "3V3", "5V", "GPIO2", "5V", "GPIO3", "GND", "GPIO4", "GPIO14", "GND", "GPIO15", "GPIO17", "GPIO18",
    "GPIO27", "GND", "GPIO22", "GPIO23", "3V3", "GPIO24", "GPIO10", "GND", "GPIO9", "GPIO25", "GPIO11",
    "GPIO8", "GND", "GPIO7", "GPIO0", "GPIO1", "GPIO5", "GND", "GPIO6", "GPIO12", "GPIO13", "GND", "GPIO19",
    "GPIO16", "GPIO26", "GPIO20", "GND", "GPIO21",
];

fn part(name: &str, kind: &'static str, pins: &[u32], controls: Vec<Control>) -> PartScene {
    let pins = pins.iter().map(|line| ("pin".to_owned(), *line)).collect();
    PartScene { name: name.to_owned(), kind, pins, color: None, controls }
}

fn lamp(name: &str, line: u32, color: &str) -> PartScene {
    PartScene { color: Some(color.to_owned()), ..part(name, "led", &[line], Vec::new()) }
}

fn slider(name: &'static str, min: f64, max: f64, step: f64, unit: &'static str) -> Control {
    Control::Slider { name, min, max, step, unit }
}

/// A board with these parts, and the state of each.
struct Test {
    scene: Scene,
    frame: Frame,
    view: View,
    input: Input,
    now: Instant,
}

impl Test {
    fn new(parts: Vec<(PartScene, Look)>) -> Self {
        let (parts, looks): (Vec<PartScene>, Vec<Look>) = parts.into_iter().unzip();
        let pin = |(index, label): (usize, &&str)| {
            let line = label.strip_prefix("GPIO").map(|number| number.parse().unwrap());
            let hangs = |part: &PartScene| part.pins.iter().any(|(_, pin)| Some(*pin) == line);
            let part = parts.iter().position(hangs);
            PinScene { number: index as u32 + 1, label: (*label).to_owned(), line, part }
        };
        let header: Vec<PinScene> = HEADER.iter().enumerate().map(pin).collect();
        let lines = header.iter().filter_map(|pin| pin.line);
        let lines =
            lines.map(|line| LineLook { line, function: "input", high: line < 9, duty: None }).collect();
        let scene = Scene {
            title: "A test".to_owned(),
            about: "Every kind of part hangs on this board.".to_owned(),
            board: "Raspberry Pi 4B".to_owned(),
            address: "127.0.0.1:8888".to_owned(),
            header,
            parts,
            wires: Vec::new(),
        };
        let view = View::new(&scene, Palette::True);
        let frame = Frame { at: 0.0, parts: looks, lines, programs: 0 };
        Test { scene, frame, view, input: Input::default(), now: Instant::now() }
    }

    fn screen(&mut self, width: u16, height: u16) -> Terminal<TestBackend> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| self.view.draw(&self.scene, &self.frame, frame.buffer_mut())).unwrap();
        terminal
    }

    /// Returns the screen as text.
    fn text(&mut self, width: u16, height: u16) -> String {
        let terminal = self.screen(width, height);
        let buffer = terminal.backend().buffer();
        let row =
            |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned() + "\n";
        (0..height).map(row).collect()
    }

    /// Compares the screen with a file.
    #[track_caller]
    fn assert(&mut self, name: &str, width: u16, height: u16) {
        let text = self.text(width, height);
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/terminal");
        let path = folder.join(format!("{name}.txt"));
        if std::env::var_os("PINZERO_WRITE").is_some() {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(text == expected, "{} differs; PINZERO_WRITE=1 writes it anew. Now:\n{text}", path.display());
    }

    /// Returns where a text is on a screen of 80 x 24.
    fn find(&mut self, wanted: &str) -> (u16, u16) {
        let text = self.text(80, 24);
        let (row, line) =
            text.lines().enumerate().find(|(_, line)| line.contains(wanted)).expect("the text is there");
        let column = line[..line.find(wanted).unwrap()].chars().count();
        (column as u16, row as u16)
    }

    fn handle(&mut self, event: &Event) -> Answer {
        let mut board = Board { scene: &self.scene, frame: &self.frame, view: &mut self.view };
        self.input.handle(event, &mut board, self.now)
    }

    fn key(&mut self, code: KeyCode, modifiers: KeyModifiers, kind: KeyEventKind) -> Vec<Action> {
        self.handle(&Event::Key(KeyEvent::new_with_kind(code, modifiers, kind))).actions
    }

    fn press(&mut self, code: KeyCode) -> Vec<Action> {
        self.key(code, KeyModifiers::NONE, KeyEventKind::Press)
    }

    fn mouse(&mut self, kind: MouseEventKind, (column, row): (u16, u16)) -> Vec<Action> {
        self.handle(&Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })).actions
    }

    fn wait(&mut self, time: Duration) -> Vec<Action> {
        self.now += time;
        let mut board = Board { scene: &self.scene, frame: &self.frame, view: &mut self.view };
        self.input.expire(&mut board, self.now).actions
    }
}

fn button(key: char) -> (PartScene, Look) {
    (part("door", "button", &[2], vec![Control::Push { key: Some(key) }]), Look::Contact { closed: false })
}

fn keypad() -> (PartScene, Look) {
    let rows = ["123", "456", "789", "*0#"].map(str::to_owned).to_vec();
    let pins = [5, 6, 13, 19, 26, 16, 20];
    (part("pad", "keypad", &pins, vec![Control::Keys { rows }]), Look::Keys { down: vec![4] })
}

fn climate() -> (PartScene, Look) {
    let sliders = vec![slider("celsius", -40.0, 80.0, 0.1, "°C"), slider("humidity", 0.0, 100.0, 1.0, "%")];
    (part("air", "dht22", &[4], sliders), Look::Values { values: vec![20.0, 50.0] })
}

fn dimmer() -> (PartScene, Look) {
    let sliders = vec![slider("value", 0.0, 1.0, 0.01, "")];
    (part("dimmer", "potentiometer", &[], sliders), Look::Values { values: vec![0.5] })
}

fn knob() -> (PartScene, Look) {
    (part("knob", "rotary_encoder", &[10, 9], vec![Control::Knob]), Look::Turns { steps: -3 })
}

fn meter() -> (PartScene, Look) {
    let controls = vec![Control::Push { key: Some('w') }, slider("hertz", 0.0, 100.0, 0.1, "Hz")];
    (
        part("water", "pulse_counter", &[13], controls),
        Look::Pulses { closed: false, values: vec![50.0], count: 1250 },
    )
}

/// Every kind of part.
fn all() -> Vec<(PartScene, Look)> {
    let eight = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0];
    let two = [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
    let switch = vec![Control::Switch { key: Some('s') }];
    let motion = vec![Control::Switch { key: Some('m') }];
    let text = vec!["Hello, world    ".to_owned(), "  21.5 degrees  ".to_owned()];
    vec![
        (lamp("light", 17, "#ffff00"), Look::Light { brightness: 0.75 }),
        (part("mood", "rgb_led", &[27, 22, 23], Vec::new()), Look::Color { red: 1.0, green: 0.5, blue: 0.0 }),
        button('d'),
        (part("mains", "switch", &[3], switch), Look::Contact { closed: true }),
        (part("bell", "buzzer", &[24], Vec::new()), Look::Sound { on: true, hertz: Some(440.0) }),
        (part("pump", "relay", &[25], Vec::new()), Look::Relay { on: true }),
        (part("motor", "motor", &[8, 7], Vec::new()), Look::Speed { speed: -0.75 }),
        dimmer(),
        knob(),
        (part("arm", "servo", &[18], Vec::new()), Look::Angle { degrees: 45.0, held: true }),
        (part("hall", "motion_sensor", &[12], motion), Look::Contact { closed: false }),
        climate(),
        keypad(),
        (
            part("score", "seven_segment_display", &[14, 15, 11, 0, 1], Vec::new()),
            Look::Digits { digits: vec![eight, two] },
        ),
        meter(),
        (part("panel", "character_display", &[], Vec::new()), Look::Text { lines: text, lit: true }),
        (part("a name that is far too long", "led", &[21], Vec::new()), Look::Light { brightness: 0.0 }),
    ]
}

#[test]
fn every_kind_of_part_is_drawn() {
    let mut test = Test::new(all());
    test.assert("parts", 80, 50);
    test.view.palette = Palette::Plain;
    test.assert("parts-plain", 80, 50);
}

#[test]
fn the_board_fits_a_screen_of_80_x_24() {
    let mut test = Test::new(all());
    test.frame.programs = 1;
    test.assert("board", 80, 24);
    test.press(KeyCode::PageDown);
    test.assert("board-scrolled", 80, 24);
    for _ in 0..9 {
        test.press(KeyCode::PageDown);
    }
    test.assert("board-end", 80, 24);
    // A part that is selected comes into sight.
    test.press(KeyCode::Tab);
    assert!(test.text(80, 24).contains("▸ mains"));
}

#[test]
fn a_small_screen_leaves_out_the_header_and_a_tiny_one_has_a_sentence() {
    let mut test = Test::new(all());
    test.assert("board-narrow", 50, 16);
    test.assert("board-tiny", 40, 10);
    for (width, height) in [(1, 1), (43, 24), (80, 10), (44, 11), (61, 23), (62, 23), (300, 100)] {
        test.screen(width, height);
    }
}

#[test]
fn help_lists_the_keys_and_how_to_connect() {
    let mut test = Test::new(all());
    test.press(KeyCode::Char('?'));
    test.assert("help", 80, 24);
    assert!(!test.handle(&Event::Key(KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE))).end);
    assert!(!test.text(80, 24).contains("Programs connect"));
}

#[test]
fn a_led_glows_in_its_color() {
    let mut test = Test::new(vec![(lamp("light", 17, "#ffff00"), Look::Light { brightness: 1.0 })]);
    let (x, y) = test.find("(●)");
    let screen = test.screen(80, 24);
    assert_eq!(screen.backend().buffer()[(x + 1, y)].fg, Color::Rgb(255, 255, 0));
    test.frame.parts[0] = Look::Light { brightness: 0.25 };
    assert_eq!(test.screen(80, 24).backend().buffer()[(x + 1, y)].fg, Color::Rgb(156, 156, 28));
}

#[test]
fn a_narrow_screen_drops_whole_items_of_the_status() {
    let mut test = Test::new(vec![button('d')]);
    let text = test.text(44, 11);
    let status: Vec<&str> = text.lines().skip(9).collect();
    assert_eq!(status, ["127.0.0.1:8888 · no program yet", "q ends · ? helps · Tab selects"]);
}

#[test]
fn the_timing_diagram_shows_edges_and_pwm() {
    let parts = [17, 18, 22].map(|line| (lamp("light", line, "#ff0000"), Look::Light { brightness: 0.0 }));
    let mut test = Test::new(parts.to_vec());
    let look = |line, high, duty| LineLook { line, function: "output", high, duty };
    let mut note = |at, looks: &[LineLook]| test.view.timeline.note(at, looks);
    note(0.0, &[look(17, false, None), look(18, false, None), look(22, false, None)]);
    for second in 1..6 {
        note(f64::from(second) * 1000.0, &[look(17, second % 2 == 1, None)]);
    }
    note(3000.0, &[look(18, false, Some(0.5))]);
    note(5000.0, &[look(22, true, None)]);
    note(5040.0, &[look(22, false, None)]);
    note(8000.0, &[]);
    test.assert("timing", 80, 24);
    assert!(test.view.timeline.moves());
    test.view.timeline.advance(20_000.0);
    assert!(!test.view.timeline.moves());
    test.assert("timing-still", 80, 24);
}

#[test]
fn the_timing_diagram_shows_a_fast_line_in_all_of_its_width() {
    let parts = [17, 18].map(|line| (lamp("light", line, "#ff0000"), Look::Light { brightness: 0.0 }));
    let mut test = Test::new(parts.to_vec());
    let look = |line| LineLook { line, function: "output", high: false, duty: None };
    test.view.timeline.note(0.0, &[look(17), look(18)]);
    for edge in 1..40_000 {
        test.view.timeline.edge(f64::from(edge) * 0.5, 17, edge % 2 == 1);
    }
    // A pulse that is shorter than the diagram can tell.
    test.view.timeline.edge(15_000.0, 18, true);
    test.view.timeline.edge(15_001.0, 18, false);
    test.view.timeline.advance(20_000.0);
    let text = test.text(80, 24);
    let row =
        |name| text.lines().rev().find_map(|line| Some(line.split_once(name)?.1.trim().to_owned())).unwrap();
    let signs: Vec<char> = row("GPIO17").chars().collect();
    // The last column has just begun.
    assert!(signs.len() > 40 && signs[..signs.len() - 1].iter().all(|sign| *sign == '│'), "{text}");
    assert_eq!(row("GPIO18").matches('│').count(), 1, "{text}");
    assert_eq!(row("GPIO18").replace('│', "").trim_matches('▁'), "", "{text}");
}

#[test]
fn the_timing_diagram_shows_the_moves_of_a_servo_and_the_mean_of_a_fade() {
    let look = || Look::Light { brightness: 0.0 };
    let mut test = Test::new(vec![
        (part("arm", "servo", &[12], Vec::new()), look()),
        (lamp("glow", 18, "#ff0000"), look()),
    ]);
    let look = |line, duty| LineLook { line, function: "pwm", high: false, duty: Some(duty) };
    for (at, pulse) in [(0.0, 1.0), (4000.0, 2.0)] {
        test.view.timeline.note(at, &[look(12, pulse / 20.0)]);
    }
    for step in 0..=400 {
        test.view.timeline.note(f64::from(step) * 20.0, &[look(18, f64::from(step % 100) / 100.0)]);
    }
    let text = test.text(80, 24);
    let row = |name| text.lines().rev().find(|line| line.contains(name)).unwrap().to_owned();
    assert!(row("GPIO12").contains("▃▆"), "{text}");
    assert!(!row("GPIO18").contains("││") && row("GPIO18").contains("▃▄"), "{text}");
}

#[test]
fn a_key_presses_as_long_as_the_terminal_tells() {
    let mut test = Test::new(vec![button('d')]);
    test.view.holds = true;
    let pressed = [Action::Press { part: 0, key: 0 }];
    let released = [Action::Release { part: 0, key: 0 }];
    let d = KeyCode::Char('d');
    assert_eq!(test.press(d), pressed);
    assert_eq!(test.wait(Duration::from_secs(5)), []);
    assert_eq!(test.key(d, KeyModifiers::NONE, KeyEventKind::Repeat), []);
    assert_eq!(test.key(d, KeyModifiers::NONE, KeyEventKind::Release), released);
    // A window that is left hears no release.
    assert_eq!(test.press(d), pressed);
    assert_eq!(test.handle(&Event::FocusLost).actions, released);
}

#[test]
fn a_key_presses_for_a_moment_where_the_terminal_tells_no_release() {
    let mut test = Test::new(vec![button('d')]);
    let released = [Action::Release { part: 0, key: 0 }];
    assert_eq!(test.press(KeyCode::Char('d')), [Action::Press { part: 0, key: 0 }]);
    assert_eq!(test.wait(Duration::from_millis(150)), []);
    // A repeat of the key prolongs the press.
    assert_eq!(test.press(KeyCode::Char('d')), []);
    assert_eq!(test.wait(Duration::from_millis(150)), []);
    assert!(test.input.deadline().is_some());
    assert_eq!(test.wait(Duration::from_millis(50)), released);
    assert_eq!(test.input.deadline(), None);
}

#[test]
fn shift_latches_a_button_until_its_next_press() {
    let mut test = Test::new(vec![button('d')]);
    assert_eq!(test.press(KeyCode::Char('D')), [Action::Press { part: 0, key: 0 }]);
    assert_eq!(test.wait(Duration::from_secs(9)), []);
    test.frame.parts[0] = Look::Contact { closed: true };
    assert!(test.text(80, 24).contains("▐ d ▌ latched"));
    assert_eq!(test.press(KeyCode::Char('d')), [Action::Release { part: 0, key: 0 }]);
    // Enter latches the selected part.
    test.wait(Duration::from_secs(1));
    assert_eq!(test.press(KeyCode::Enter), [Action::Press { part: 0, key: 0 }]);
    test.wait(Duration::from_secs(1));
    assert_eq!(test.press(KeyCode::Enter), [Action::Release { part: 0, key: 0 }]);
}

#[test]
fn a_switch_flips_once_for_a_key_that_repeats() {
    let switch = part("mains", "switch", &[3], vec![Control::Switch { key: Some('s') }]);
    let mut test = Test::new(vec![(switch, Look::Contact { closed: false })]);
    assert_eq!(test.press(KeyCode::Char('s')), [Action::Press { part: 0, key: 0 }]);
    test.frame.parts[0] = Look::Contact { closed: true };
    test.wait(Duration::from_millis(30));
    assert_eq!(test.press(KeyCode::Char('s')), []);
    // The first repeat comes late, the others soon one after the other.
    for _ in 0..40 {
        test.wait(Duration::from_millis(60));
        assert_eq!(test.press(KeyCode::Char('s')), []);
    }
    test.wait(Duration::from_millis(300));
    assert_eq!(test.press(KeyCode::Char('s')), [Action::Release { part: 0, key: 0 }]);
    test.frame.parts[0] = Look::Contact { closed: false };
    test.wait(Duration::from_millis(660));
    assert_eq!(test.press(KeyCode::Char('s')), []);
    test.wait(Duration::from_millis(660));
    assert_eq!(test.press(KeyCode::Char('s')), [Action::Press { part: 0, key: 0 }]);
}

#[test]
fn a_switch_flips_at_each_press_where_the_terminal_tells_releases() {
    let switch = part("mains", "switch", &[3], vec![Control::Switch { key: Some('s') }]);
    let mut test = Test::new(vec![(switch, Look::Contact { closed: false })]);
    test.view.holds = true;
    assert_eq!(test.press(KeyCode::Char('s')), [Action::Press { part: 0, key: 0 }]);
    test.wait(Duration::from_secs(1));
    assert_eq!(test.press(KeyCode::Char('s')), [], "the console of Windows repeats a key by presses");
    test.key(KeyCode::Char('s'), KeyModifiers::NONE, KeyEventKind::Release);
    test.frame.parts[0] = Look::Contact { closed: true };
    test.wait(Duration::from_millis(300));
    assert_eq!(test.press(KeyCode::Char('s')), [Action::Release { part: 0, key: 0 }]);
}

#[test]
fn a_key_that_is_held_down_latches_or_unlatches_once() {
    let mut test = Test::new(vec![button('d')]);
    for (letter, action) in
        [('D', Action::Press { part: 0, key: 0 }), ('d', Action::Release { part: 0, key: 0 })]
    {
        assert_eq!(test.press(KeyCode::Char(letter)), [action]);
        for pause in [500, 33, 33, 33, 33, 33, 33, 33, 33] {
            assert_eq!(test.wait(Duration::from_millis(pause)), []);
            assert_eq!(test.press(KeyCode::Char(letter)), []);
        }
    }
}

#[test]
fn keys_move_sliders_and_knobs() {
    let mut test = Test::new(vec![climate(), knob()]);
    let set = |slider, value| [Action::Set { part: 0, slider, value }];
    assert_eq!(test.press(KeyCode::Right), set(0, 23.0));
    assert_eq!(test.press(KeyCode::Char('-')), set(0, 19.9));
    test.press(KeyCode::Tab);
    assert_eq!(test.press(KeyCode::Char('+')), set(1, 51.0));
    test.frame.parts[0] = Look::Values { values: vec![20.0, 100.0] };
    assert_eq!(test.press(KeyCode::Char('+')), set(1, 100.0));
    test.press(KeyCode::Tab);
    assert_eq!(test.press(KeyCode::Left), [Action::Turn { part: 1, steps: -1 }]);
    test.press(KeyCode::Tab);
    assert_eq!(test.press(KeyCode::Right), set(0, 23.0));
}

#[test]
fn keys_of_a_keypad_are_keys() {
    let mut test = Test::new(vec![keypad()]);
    assert_eq!(test.press(KeyCode::Char('#')), [Action::Press { part: 0, key: 11 }]);
    for _ in 0..20 {
        test.press(KeyCode::Right);
    }
    test.press(KeyCode::Left);
    assert_eq!(test.press(KeyCode::Char(' ')), [Action::Press { part: 0, key: 10 }]);
}

#[test]
fn the_mouse_presses_drags_and_turns() {
    let left = MouseEventKind::Down(MouseButton::Left);
    let up = MouseEventKind::Up(MouseButton::Left);
    let mut test = Test::new(vec![button('d'), dimmer(), knob(), keypad()]);
    let cap = test.find("[ d ]");
    assert_eq!(test.mouse(left, cap), [Action::Press { part: 0, key: 0 }]);
    assert_eq!(test.wait(Duration::from_secs(3)), []);
    assert_eq!(test.mouse(up, cap), [Action::Release { part: 0, key: 0 }]);
    let right = MouseEventKind::Down(MouseButton::Right);
    assert_eq!(test.mouse(right, cap), [Action::Press { part: 0, key: 0 }]);
    assert_eq!(test.mouse(MouseEventKind::Up(MouseButton::Right), cap), []);

    let (x, y) = test.find("├");
    assert_eq!(test.mouse(left, (x + 1, y)), [Action::Set { part: 1, slider: 0, value: 0.0 }]);
    let drag = MouseEventKind::Drag(MouseButton::Left);
    assert_eq!(test.mouse(drag, (79, 0)), [Action::Set { part: 1, slider: 0, value: 1.0 }]);
    assert_eq!(test.mouse(up, (79, 0)), []);
    assert_eq!(test.mouse(drag, (79, 0)), []);

    let knob = test.find("↶");
    assert_eq!(test.mouse(MouseEventKind::ScrollUp, knob), [Action::Turn { part: 2, steps: 1 }]);
    let key = test.find("[9]");
    assert_eq!(test.mouse(left, key), [Action::Press { part: 3, key: 8 }]);
    assert_eq!(test.mouse(up, key), [Action::Release { part: 3, key: 8 }]);
}

#[test]
fn q_and_control_c_end() {
    let mut test = Test::new(vec![button('q')]);
    let control = Event::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert!(test.handle(&control).end);
    // A part may have the key q.
    let q = Event::Key(KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE));
    assert!(!test.handle(&q).end);
    assert!(test.text(80, 24).contains("Ctrl-C ends"));
    assert!(Test::new(Vec::new()).handle(&q).end);
}
