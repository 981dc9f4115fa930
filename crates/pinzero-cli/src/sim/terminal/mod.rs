//! The breadboard in the terminal.

mod card;
mod dial;
mod header;
mod help;
mod input;
pub(crate) mod palette;
pub(crate) mod pen;
mod spot;
#[cfg(test)]
mod tests;
mod timeline;
pub(crate) mod view;

use std::error::Error;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::Event;

use self::input::{Answer, Board, Input};
use self::palette::Palette;
use self::view::View;
use super::board::{Simulator, Viewer};
use super::program::Console;
use super::state::{Frame, Scene};
use crate::output;
use crate::screen::{self, Latest, Message, Screen};

/// The least time between two pictures: 60 a second.
const BEAT: Duration = Duration::from_micros(16_667);
/// How often the end, the console and the timing diagram are looked after.
const PAUSE: Duration = Duration::from_millis(100);

/// Returns whether there is a terminal to show the board in.
pub(crate) fn is_there() -> bool {
    screen::is_usable()
}

/// Shows the board, the address of its page in the browser, and what the program prints, until the user ends the view, the terminal is
/// gone, or `is_over` says so.
///
/// # Errors
/// If the terminal cannot be used.
pub(crate) fn run(
    simulator: &Simulator,
    page: Option<String>,
    console: &Console,
    is_over: &dyn Fn() -> bool,
) -> Result<(), Box<dyn Error>> {
    let (sender, messages) = mpsc::channel();
    let mut screen = Screen::open(&sender)?;
    let viewer = Arc::new(simulator.viewer());
    let mut show = Show::new(simulator, &viewer, &screen);
    show.view.page = page;
    follow(&viewer, show.latest.clone(), sender);
    show.run(&mut screen, &messages, console, is_over);
    drop(screen);
    // The output of the program was on the screen that is gone now. A terminal that is gone takes none.
    let lines: String = console.lines().into_iter().map(|line| line + "\n").collect();
    let _ = output::print(&lines);
    Ok(())
}

/// Puts each new frame into `latest`, until the viewer is dropped.
fn follow(viewer: &Arc<Viewer>, latest: Latest<Arc<Frame>>, messages: Sender<Message<()>>) {
    fn wait(viewer: &Weak<Viewer>, seen: u64) -> Option<(u64, Arc<Frame>)> {
        Some(viewer.upgrade()?.wait(seen, PAUSE))
    }

    let viewer = Arc::downgrade(viewer);
    thread::spawn(move || {
        let mut seen = 0;
        while let Some((number, frame)) = wait(&viewer, seen) {
            if number != seen && latest.put(frame, &messages).is_err() {
                return;
            }
            seen = number;
        }
    });
}

/// A board on the screen.
struct Show<'a> {
    scene: &'a Scene,
    viewer: &'a Viewer,
    view: View,
    input: Input,
    latest: Latest<Arc<Frame>>,
    frame: Arc<Frame>,
    /// A moment, and the time of the board then, in milliseconds.
    start: (Instant, f64),
    /// The packets of edges that have been read.
    edges: u64,
    /// Whether the screen is out of date.
    is_stale: bool,
}

impl<'a> Show<'a> {
    fn new(simulator: &'a Simulator, viewer: &'a Viewer, screen: &Screen) -> Self {
        let scene = simulator.scene();
        let mut view = View::new(scene, Palette::from_environment());
        view.holds = screen.holds();
        let frame = simulator.frame();
        view.timeline.note(frame.at, &frame.lines);
        Show {
            scene,
            viewer,
            view,
            input: Input::default(),
            latest: Latest::new(),
            start: (Instant::now(), frame.at),
            frame: Arc::new(frame),
            edges: 0,
            is_stale: true,
        }
    }

    /// Draws and acts until the end.
    fn run(
        &mut self,
        screen: &mut Screen,
        messages: &Receiver<Message<()>>,
        console: &Console,
        is_over: &dyn Fn() -> bool,
    ) {
        let mut drawn = Instant::now() - PAUSE;
        while !is_over() {
            self.look_after(console, drawn.elapsed() >= PAUSE);
            if self.is_stale && drawn.elapsed() >= BEAT {
                let Show { view, scene, frame, .. } = self;
                if screen.draw(|buffer| view.draw(scene, frame, buffer)).is_err() {
                    // The terminal is gone.
                    return;
                }
                (drawn, self.is_stale) = (Instant::now(), false);
            }
            let next = if self.is_stale { BEAT.saturating_sub(drawn.elapsed()) } else { PAUSE };
            let opens = self.input.deadline().map(|at| at.saturating_duration_since(Instant::now()));
            let mut message = match messages.recv_timeout(opens.map_or(next, |opens| opens.min(next))) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            while let Some(news) = message {
                if self.take(news, screen) {
                    return;
                }
                message = messages.try_recv().ok();
            }
        }
    }

    /// Takes a message, and returns whether it is the end.
    fn take(&mut self, message: Message<()>, screen: &mut Screen) -> bool {
        self.is_stale = true;
        match message {
            Message::End => true,
            Message::Event(Event::Resize(..)) => screen.resize().is_err(),
            Message::Event(event) => {
                let mut board = Board { scene: self.scene, frame: &self.frame, view: &mut self.view };
                let answer = self.input.handle(&event, &mut board, Instant::now());
                self.act(answer)
            }
            Message::News(()) => {
                if let Some(frame) = self.latest.take() {
                    self.note_edges();
                    self.view.timeline.note(frame.at, &frame.lines);
                    self.frame = frame;
                }
                false
            }
        }
    }

    /// Does what the user wants, and returns whether that is to end.
    fn act(&mut self, answer: Answer) -> bool {
        for action in answer.actions {
            // The view offers only what the parts have.
            self.view.complaint = self.viewer.act(&action).err();
        }
        answer.end
    }

    /// Opens contacts whose time is over, and moves the timing diagram if it is time for that.
    fn look_after(&mut self, console: &Console, is_time: bool) {
        let mut board = Board { scene: self.scene, frame: &self.frame, view: &mut self.view };
        let answer = self.input.expire(&mut board, Instant::now());
        self.act(answer);
        if is_time {
            self.note_edges();
            let (start, at) = self.start;
            self.view.timeline.advance(at + start.elapsed().as_secs_f64() * 1000.0);
            let lines = console.lines();
            self.is_stale |= self.view.timeline.moves() || lines != self.view.console;
            self.view.console = lines;
        }
    }

    fn note_edges(&mut self) {
        let (next, packets) = self.viewer.edges(self.edges);
        self.edges = next;
        for packet in packets {
            for (at, is_high) in packet.edges {
                self.view.timeline.edge(at, packet.line, is_high);
            }
        }
    }
}
