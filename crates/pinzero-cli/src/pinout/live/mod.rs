//! `pinzero pinout --live`: the pins on the terminal, read again and again.

mod reader;
mod view;

use std::io::{self, IsTerminal};
use std::mem;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pinzero::Gpio;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use self::reader::Reader;
use self::view::View;
use crate::verdict::{Outcome, Verdict};

/// The longest wait for a key, after which new readings and signals are looked at.
const TICK: Duration = Duration::from_millis(50);

/// The time between a signal and the end of a view that does not end by itself.
const GRACE: Duration = Duration::from_millis(500);

/// # Errors
/// If the command does not run on a terminal.
pub(super) fn check_terminal() -> Result<(), &'static str> {
    match io::stdin().is_terminal() && io::stdout().is_terminal() {
        true => Ok(()),
        false => Err("--live needs a terminal; --json prints the state of the pins once, for programs"),
    }
}

/// Shows the pins until the user or a signal ends the view, or the terminal is gone.
pub(super) fn run(gpio: &Gpio, every_ms: u32) -> Outcome {
    // A signal must not leave the terminal in raw mode.
    let is_over = Arc::new(AtomicBool::new(false));
    let signal = is_over.clone();
    ctrlc::set_handler(move || {
        signal.store(true, Ordering::Relaxed);
        thread::sleep(GRACE);
        // The signal of a terminal that is gone: crossterm reads its end again and again, and does not return.
        let _ = ratatui::try_restore();
        process::exit(0);
    })?;
    // A lost connection is in the view; a message would be written across the table.
    gpio.on_error(|_| ());

    let every = Duration::from_millis(every_ms.into());
    let mut view = View::new(gpio, every);
    let reader = Reader::start(gpio, view.lines(), every)?;
    // From here on, a panic restores the terminal before its message is printed.
    let mut terminal = ratatui::try_init()?;
    let result = watch(&mut terminal, &mut view, &reader, &is_over);
    // A terminal that is gone cannot be restored.
    let _ = ratatui::try_restore();
    // An error of the terminal means that it is gone. Nobody is left to read about that, and a drop that fails to show the cursor
    // panics, because it cannot print the error either.
    if result.is_err() {
        mem::forget(terminal);
    }
    Ok(Verdict::Good)
}

fn watch(
    terminal: &mut DefaultTerminal,
    view: &mut View,
    reader: &Reader,
    is_over: &AtomicBool,
) -> io::Result<()> {
    loop {
        while let Some(reading) = reader.next() {
            view.take(reading, Instant::now());
        }
        terminal.draw(|frame| view.draw(frame, Instant::now()))?;
        if is_over.load(Ordering::Relaxed) {
            return Ok(());
        }
        if event::poll(TICK)? {
            match event::read()? {
                Event::Key(key) if ends(key) => return Ok(()),
                Event::Key(KeyEvent { code, kind: KeyEventKind::Press, .. }) => view.scroll(code),
                _ => {}
            }
        }
    }
}

/// Returns whether a key ends the view. In raw mode, Ctrl-C is a key.
fn ends(key: KeyEvent) -> bool {
    let is_control_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind == KeyEventKind::Press
        && (matches!(key.code, KeyCode::Char('q' | 'Q') | KeyCode::Esc) || is_control_c)
}
