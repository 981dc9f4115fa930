//! Shows the demo in the terminal.

use std::error::Error;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::play::{LENGTH, Play};
use crate::screen::{self, Message, Screen};
use crate::sim::state::{Frame, Scene};
use crate::sim::terminal::palette::Palette;
use crate::sim::terminal::pen::Pen;
use crate::sim::terminal::view::{SMALLEST, View, too_small};

/// The time between two pictures.
const PACE: Duration = Duration::from_millis(33);
/// How long the last picture stays.
const PAUSE: Duration = Duration::from_millis(500);

/// How the show ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// At its end, or by a key.
    Seen,
    /// By Ctrl-C, by a signal, or because the terminal is gone.
    Stopped,
}

/// Shows the play, in real time.
///
/// # Errors
/// Any error of the terminal, or of the play.
pub(crate) fn run(play: &mut Play) -> Result<End, Box<dyn Error>> {
    let (sender, messages) = mpsc::channel();
    screen::end_on_signals(&sender)?;
    let mut screen = Screen::open(&sender)?;
    let scene = play.scene();
    let mut view = View::new(&scene, Palette::from_environment());
    // The finger of the play presses the button, not the viewer.
    view.stops.clear();
    let start = Instant::now();
    while start.elapsed() < LENGTH + PAUSE {
        play.advance(start.elapsed())?;
        let frame = play.frame()?;
        view.timeline.note(frame.at, &frame.lines);
        screen.draw(|buffer| draw(buffer, &mut view, &scene, &frame, play))?;
        match messages.recv_timeout(PACE) {
            Ok(Message::Event(Event::Resize(..))) => screen.resize()?,
            Ok(Message::Event(Event::Key(key))) if key.kind == KeyEventKind::Press => {
                let control_c = key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL;
                return Ok(if control_c { End::Stopped } else { End::Seen });
            }
            Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return Ok(End::Stopped),
            Ok(Message::Event(_) | Message::News(())) | Err(RecvTimeoutError::Timeout) => {}
        }
    }
    Ok(End::Seen)
}

fn draw(buffer: &mut Buffer, view: &mut View, scene: &Scene, frame: &Frame, play: &Play) {
    let area = *buffer.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(&mut Pen::new(buffer, area));
        return;
    }
    let palette = view.palette;
    let dim = Style::new().add_modifier(Modifier::DIM);
    let mut pen = Pen::new(buffer, Rect { height: 1, ..area });
    let end = pen.text(0, 0, &scene.title, palette.ink(Color::Yellow).add_modifier(Modifier::BOLD));
    pen.text(end + 1, 0, "a program, and a Raspberry Pi that is simulated", dim);

    let body = Rect { y: area.y + 1, height: area.height - 3, ..area };
    view.body(buffer, body, scene, frame);
    let mut pen = Pen::new(buffer, Rect { y: body.bottom(), height: 2, ..area });
    if let Some(step) = play.step() {
        let end = pen.text(0, 0, &format!("{:.1} s  ", step.at.as_secs_f64()), dim);
        pen.text(end, 0, step.words, palette.ink(Color::Green).add_modifier(Modifier::BOLD));
    }
    let left = (LENGTH.as_secs_f64() - frame.at / 1000.0).max(0.0).ceil();
    pen.text(0, 1, &format!("{left:.0} s left · any key ends"), dim);
}
