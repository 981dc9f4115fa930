//! Turns keys and the mouse into actions.

use std::time::{Duration, Instant};

use ratatui::crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::layout::Rect;

use crate::sim::state::{Action, Control, Frame, Look, Scene};
use crate::sim::terminal::spot::{Range, Spot, Target};
use crate::sim::terminal::view::View;

/// How long a key presses, where the terminal does not tell when the key is released.
const TAP: Duration = Duration::from_millis(200);
/// Keys that follow each other faster than this are repeats of a key that is held down.
const REPEAT: Duration = Duration::from_millis(100);
/// The longest time from a key that is held down to its first repeat.
const FIRST_REPEAT: Duration = Duration::from_millis(700);

/// What the user holds at the moment.
#[derive(Debug, Default)]
pub(crate) struct Input {
    held: Vec<Held>,
    /// The slider that the mouse drags, and its place.
    drag: Option<(Rect, Target)>,
    /// The last key, to tell repeats.
    last: Option<Last>,
}

/// A key, with its repeats.
#[derive(Debug)]
struct Last {
    code: KeyCode,
    first: Instant,
    latest: Instant,
    /// Whether the key has let go of a latch, so that its repeats do nothing.
    unlatches: bool,
}

/// A contact that is pressed.
#[derive(Debug)]
struct Held {
    part: usize,
    key: usize,
    by: Holder,
    /// When the contact opens by itself.
    until: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Holder {
    Key(KeyCode),
    Mouse,
}

/// A contact that a user touches.
struct Touch {
    target: Target,
    by: Holder,
    /// Whether the contact stays pressed.
    latches: bool,
    /// Whether the key is held down, and tells so again.
    repeats: bool,
    now: Instant,
}

/// The answer to an event.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) actions: Vec<Action>,
    /// Whether the user wants to end.
    pub(crate) end: bool,
}

/// What an event is about.
pub(crate) struct Board<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) frame: &'a Frame,
    pub(crate) view: &'a mut View,
}

impl Input {
    /// Handles an event.
    pub(crate) fn handle(&mut self, event: &Event, board: &mut Board<'_>, now: Instant) -> Answer {
        let mut answer = Answer::default();
        match event {
            Event::Key(key) if key.kind == KeyEventKind::Release => {
                self.last.take_if(|last| folded(last.code) == folded(key.code));
                self.release(|held| held.by == Holder::Key(folded(key.code)), board, &mut answer);
            }
            Event::Key(key) => self.key(*key, board, now, &mut answer),
            Event::Mouse(mouse) => self.mouse(*mouse, board, now, &mut answer),
            // The releases of keys go to another window now.
            Event::FocusLost => {
                self.last = None;
                self.release(|_| true, board, &mut answer);
            }
            _ => {}
        }
        answer
    }

    /// Returns when the next contact opens by itself.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.held.iter().filter_map(|held| held.until).min()
    }

    /// Opens the contacts whose time is over.
    pub(crate) fn expire(&mut self, board: &mut Board<'_>, now: Instant) -> Answer {
        let mut answer = Answer::default();
        self.release(|held| held.until.is_some_and(|until| until <= now), board, &mut answer);
        answer
    }

    fn key(&mut self, event: KeyEvent, board: &mut Board<'_>, now: Instant, answer: &mut Answer) {
        let code = folded(event.code);
        let repeats = self.repeats(event, board.view.holds, now);
        if event.modifiers.contains(KeyModifiers::CONTROL) {
            answer.end = event.code == KeyCode::Char('c');
            return;
        }
        if board.view.help {
            board.view.help = false;
            return;
        }
        if let KeyCode::Char(letter) = event.code {
            if let Some((target, shifted)) = target_of(board.scene, letter, event.modifiers) {
                let touch = Touch { target, by: Holder::Key(code), latches: shifted, repeats, now };
                return self.touch(touch, board, answer);
            }
        }
        match event.code {
            KeyCode::Char('q') => answer.end = true,
            KeyCode::Char('?') => board.view.help = true,
            KeyCode::Tab | KeyCode::Down => select(board.view, 1),
            KeyCode::BackTab | KeyCode::Up => select(board.view, -1),
            KeyCode::PageDown => board.view.scroll += 1,
            KeyCode::PageUp => board.view.scroll = board.view.scroll.saturating_sub(1),
            KeyCode::Left => step(board, -1, true, answer),
            KeyCode::Right => step(board, 1, true, answer),
            KeyCode::Char('-' | '_') => step(board, -1, false, answer),
            KeyCode::Char('+' | '=') => step(board, 1, false, answer),
            KeyCode::Char(' ') | KeyCode::Enter => {
                let latches = event.code == KeyCode::Enter;
                if let Some(target) = selected(board.view) {
                    let touch = Touch { target, by: Holder::Key(code), latches, repeats, now };
                    self.touch(touch, board, answer);
                }
            }
            _ => {}
        }
    }

    /// Notes a key, and returns whether it is held down, and tells so again. Where the terminal tells of releases (`tells`), none has
    /// come; elsewhere, the times have to do.
    fn repeats(&mut self, event: KeyEvent, tells: bool, now: Instant) -> bool {
        match &mut self.last {
            Some(last)
                if last.code == event.code
                    && (tells || now - last.latest < REPEAT || now - last.first < FIRST_REPEAT) =>
            {
                last.latest = now;
                true
            }
            last => {
                *last = Some(Last { code: event.code, first: now, latest: now, unlatches: false });
                // The console of Windows does not say so.
                event.kind == KeyEventKind::Repeat
            }
        }
    }

    /// Presses a contact, or flips it.
    fn touch(&mut self, touch: Touch, board: &mut Board<'_>, answer: &mut Answer) {
        let Touch { target, by, latches, repeats, now } = touch;
        let (part, key) = match target {
            Target::Push { part } => (part, 0),
            Target::Keys { part, key } => (part, key),
            Target::Switch { part } => {
                let closed = matches!(board.frame.parts.get(part), Some(Look::Contact { closed: true }));
                match closed {
                    _ if repeats => {}
                    true => answer.actions.push(Action::Release { part, key: 0 }),
                    false => answer.actions.push(Action::Press { part, key: 0 }),
                }
                return;
            }
            Target::Slider { .. } | Target::Knob { .. } => return,
        };
        let until = (by != Holder::Mouse && !board.view.holds).then(|| now + TAP);
        if let Some(held) =
            self.held.iter_mut().find(|held| (held.part, held.key, held.by) == (part, key, by))
        {
            held.until = until;
            return;
        }
        let latch = board.view.latched.iter().position(|latched| *latched == (part, key));
        match latch {
            Some(_) if repeats => {}
            None if repeats && self.last.as_ref().is_some_and(|last| last.unlatches) => {}
            Some(place) => {
                if let Some(last) = self.last.as_mut().filter(|_| by != Holder::Mouse) {
                    last.unlatches = true;
                }
                board.view.latched.remove(place);
                answer.actions.push(Action::Release { part, key });
            }
            None if latches => {
                board.view.latched.push((part, key));
                answer.actions.push(Action::Press { part, key });
            }
            None => {
                self.held.push(Held { part, key, by, until });
                answer.actions.push(Action::Press { part, key });
            }
        }
    }

    /// Opens the contacts that are held so, unless something else holds them, too.
    fn release(&mut self, ends: impl Fn(&Held) -> bool, board: &Board<'_>, answer: &mut Answer) {
        let (ended, held): (Vec<Held>, Vec<Held>) = self.held.drain(..).partition(ends);
        self.held = held;
        for Held { part, key, .. } in ended {
            let is_held = self.held.iter().any(|held| (held.part, held.key) == (part, key));
            if !is_held && !board.view.latched.contains(&(part, key)) {
                answer.actions.push(Action::Release { part, key });
            }
        }
    }

    fn mouse(&mut self, event: MouseEvent, board: &mut Board<'_>, now: Instant, answer: &mut Answer) {
        let (column, row) = (event.column, event.row);
        let spot = Spot::at(&board.view.spots, column, row).cloned();
        match (event.kind, spot) {
            (MouseEventKind::Down(button), Some(Spot { place, target })) => {
                point_at(board.view, target);
                if let Target::Slider { part, slider, range } = target {
                    self.drag = Some((place, target));
                    answer.actions.push(Action::Set { part, slider, value: value_at(place, range, column) });
                }
                if let Target::Knob { part } = target {
                    answer
                        .actions
                        .push(Action::Turn { part, steps: if button == MouseButton::Left { 1 } else { -1 } });
                }
                let latches = button != MouseButton::Left || event.modifiers.contains(KeyModifiers::SHIFT);
                let touch = Touch { target, by: Holder::Mouse, latches, repeats: false, now };
                self.touch(touch, board, answer);
            }
            (MouseEventKind::Drag(_), _) => {
                if let Some((place, Target::Slider { part, slider, range })) = self.drag {
                    answer.actions.push(Action::Set { part, slider, value: value_at(place, range, column) });
                }
            }
            (MouseEventKind::Up(_), _) => {
                self.drag = None;
                self.release(|held| held.by == Holder::Mouse, board, answer);
            }
            (MouseEventKind::ScrollUp, spot) => self.wheel(1, spot, board, answer),
            (MouseEventKind::ScrollDown, spot) => self.wheel(-1, spot, board, answer),
            _ => {}
        }
    }

    fn wheel(&mut self, direction: i32, spot: Option<Spot>, board: &mut Board<'_>, answer: &mut Answer) {
        match spot.map(|spot| spot.target) {
            Some(target @ (Target::Knob { .. } | Target::Slider { .. })) => {
                point_at(board.view, target);
                step(board, direction, true, answer);
            }
            _ if direction > 0 => board.view.scroll = board.view.scroll.saturating_sub(1),
            _ => board.view.scroll += 1,
        }
    }
}

/// Returns the code of a key regardless of Shift, so that a release is found by its press.
fn folded(code: KeyCode) -> KeyCode {
    match code {
        KeyCode::Char(letter) => KeyCode::Char(letter.to_lowercase().next().unwrap_or(letter)),
        other => other,
    }
}

/// Returns the contact that has this key, and whether Shift was added to it.
fn target_of(scene: &Scene, letter: char, modifiers: KeyModifiers) -> Option<(Target, bool)> {
    let find = |letter: char| {
        scene.parts.iter().enumerate().find_map(|(part, description)| {
            description.controls.iter().find_map(|control| match control {
                Control::Push { key } if *key == Some(letter) => Some(Target::Push { part }),
                Control::Switch { key } if *key == Some(letter) => Some(Target::Switch { part }),
                Control::Keys { rows } => {
                    let key = rows.iter().flat_map(|row| row.chars()).position(|key| key == letter)?;
                    Some(Target::Keys { part, key })
                }
                _ => None,
            })
        })
    };
    let lower = letter.to_lowercase().next().unwrap_or(letter);
    match find(letter) {
        // Some keys of a keypad, as `*`, need Shift anyway.
        Some(target) => {
            Some((target, modifiers.contains(KeyModifiers::SHIFT) && letter.is_ascii_lowercase()))
        }
        None if lower != letter => find(lower).map(|target| (target, true)),
        None => None,
    }
}

/// Returns the control that is selected.
fn selected(view: &View) -> Option<Target> {
    let target = view.stops.get(view.selected)?.target;
    Some(match target {
        Target::Keys { part, .. } => Target::Keys { part, key: view.cursor },
        target => target,
    })
}

fn select(view: &mut View, by: isize) {
    let count = view.stops.len() as isize;
    if count > 0 {
        view.selected = (view.selected as isize + by).rem_euclid(count) as usize;
        view.cursor = 0;
        view.follow = true;
    }
}

/// Selects the control that the mouse points at.
fn point_at(view: &mut View, target: Target) {
    let same = |stop: Target| match (stop, target) {
        (Target::Keys { part, .. }, Target::Keys { part: other, .. }) => part == other,
        (stop, target) => stop == target,
    };
    if let Some(place) = view.stops.iter().position(|stop| same(stop.target)) {
        view.selected = place;
        view.cursor = if let Target::Keys { key, .. } = target { key } else { 0 };
    }
}

/// Moves the selected slider, knob or key.
fn step(board: &mut Board<'_>, direction: i32, far: bool, answer: &mut Answer) {
    match selected(board.view) {
        Some(Target::Slider { part, slider, range }) => {
            let Some(Look::Values { values } | Look::Pulses { values, .. }) = board.frame.parts.get(part)
            else {
                return;
            };
            let Some(value) = values.get(slider) else { return };
            let by = if far || range.step <= 0.0 { range.stride() } else { range.step };
            answer.actions.push(Action::Set {
                part,
                slider,
                value: range.fit(value + by * f64::from(direction)),
            });
        }
        Some(Target::Knob { part }) => answer.actions.push(Action::Turn { part, steps: direction }),
        Some(Target::Keys { part, key }) => {
            let rows = board.scene.parts[part].controls.iter().find_map(|control| match control {
                Control::Keys { rows } => Some(rows),
                _ => None,
            });
            let count = rows.map_or(0, |rows| rows.iter().map(|row| row.chars().count()).sum());
            board.view.cursor =
                key.saturating_add_signed(direction as isize).min(usize::saturating_sub(count, 1));
        }
        _ => {}
    }
}

/// Returns the value of a slider at a column of the screen.
fn value_at(track: Rect, range: Range, column: u16) -> f64 {
    let steps = f64::from(track.width.saturating_sub(1).max(1));
    let share = f64::from(column.saturating_sub(track.x)) / steps;
    range.fit(range.min + share.min(1.0) * (range.max - range.min))
}
