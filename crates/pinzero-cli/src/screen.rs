//! The terminal: what comes from it, what goes to it, and how it is given back.

use std::env;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::panic;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SendError, Sender};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{
    self, DisableFocusChange, DisableMouseCapture, EnableFocusChange, EnableMouseCapture, Event, KeyCode,
    KeyEvent, KeyEventKind, KeyModifiers, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
    PushKeyboardEnhancementFlags,
};
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
    supports_keyboard_enhancement,
};
use ratatui::crossterm::{cursor, execute};
use ratatui::layout::Rect;

/// How long a program may take to end after a signal.
const PATIENCE: Duration = Duration::from_secs(1);
/// Whether a write to the terminal is under way.
static BUSY: AtomicBool = AtomicBool::new(false);
/// Whether the terminal is ours and has to be given back.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether the terminal has been told to report the releases of keys.
static HOLDS: AtomicBool = AtomicBool::new(false);

/// A message for the thread that draws; `N` is the news of the view.
#[derive(Debug)]
pub(crate) enum Message<N> {
    /// A key, the mouse, another size.
    Event(Event),
    /// The view has something else to show.
    News(N),
    /// The terminal is gone, or a signal ends the program.
    End,
}

/// The latest news for a view. They take the place of news that the view has not taken, so that nothing is queued while a terminal takes
/// no output. Clones are the same place.
#[derive(Debug, Clone)]
pub(crate) struct Latest<T>(Arc<Mutex<Option<T>>>);

impl<T> Latest<T> {
    pub(crate) fn new() -> Self {
        Latest(Arc::default())
    }

    /// Puts news there, and tells the view so, unless it has been told of news that it has not taken yet.
    ///
    /// # Errors
    /// If nobody receives the message.
    pub(crate) fn put(&self, news: T, messages: &Sender<Message<()>>) -> Result<(), SendError<Message<()>>> {
        let is_told = self.0.lock().replace(news).is_some();
        if is_told { Ok(()) } else { messages.send(Message::News(())) }
    }

    /// Takes the news, if there are some.
    pub(crate) fn take(&self) -> Option<T> {
        self.0.lock().take()
    }
}

/// Returns whether a key ends a view that has no text to type: q, Esc, Ctrl-C. In raw mode, Ctrl-C is a key.
pub(crate) fn is_end(key: KeyEvent) -> bool {
    let is_control_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind == KeyEventKind::Press
        && (matches!(key.code, KeyCode::Char('q' | 'Q') | KeyCode::Esc) || is_control_c)
}

/// Returns whether standard input and output are a terminal that can be drawn on.
pub(crate) fn is_usable() -> bool {
    let dumb = env::var("TERM").is_ok_and(|term| term == "dumb");
    !dumb && io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The terminal, until it is dropped.
pub(crate) struct Screen {
    backend: CrosstermBackend<BufWriter<Stdout>>,
    /// What the terminal shows.
    shown: Buffer,
}

impl Screen {
    /// Takes the terminal. Keys, the mouse and the end of the terminal go to `messages`.
    ///
    /// # Errors
    /// Any error of the terminal.
    pub(crate) fn open<N: Send + 'static>(messages: &Sender<Message<N>>) -> io::Result<Self> {
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        // From here on, the drop gives the terminal back.
        let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
        let mut screen = Screen { backend, shown: Buffer::empty(Rect::ZERO) };
        restore_on_panic();
        execute!(io::stdout(), EnterAlternateScreen, EnableMouseCapture, EnableFocusChange, cursor::Hide)?;
        // A terminal that knows the question answers at once; one that does not answers the second question, which each knows.
        if supports_keyboard_enhancement().unwrap_or(false) {
            let flags = KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES
                | KeyboardEnhancementFlags::REPORT_EVENT_TYPES;
            HOLDS.store(true, Ordering::SeqCst);
            execute!(io::stdout(), PushKeyboardEnhancementFlags(flags))?;
        }
        screen.resize()?;
        read_events(messages.clone());
        watch_for_end(messages.clone());
        Ok(screen)
    }

    /// Returns whether the terminal tells when a key is released. The console of Windows always does.
    pub(crate) fn holds(&self) -> bool {
        cfg!(windows) || HOLDS.load(Ordering::SeqCst)
    }

    /// Takes the size of the terminal anew, and clears it.
    ///
    /// # Errors
    /// Any error of the terminal.
    pub(crate) fn resize(&mut self) -> io::Result<()> {
        let size = self.backend.size()?;
        self.backend.clear()?;
        self.shown = Buffer::empty(Rect::new(0, 0, size.width, size.height));
        Ok(())
    }

    /// Draws, and sends only what differs from what the terminal shows.
    ///
    /// # Errors
    /// Any error of the terminal.
    pub(crate) fn draw(&mut self, render: impl FnOnce(&mut Buffer)) -> io::Result<()> {
        let _busy = Busy::new();
        let mut next = Buffer::empty(self.shown.area);
        render(&mut next);
        let updates = self.shown.diff(&next);
        if !updates.is_empty() {
            self.backend.draw(updates.into_iter())?;
            Write::flush(&mut self.backend)?;
        }
        self.shown = next;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back. Once is enough, and errors have nobody who could do better.
fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let _busy = Busy::new();
    if HOLDS.swap(false, Ordering::SeqCst) {
        let _ = execute!(io::stdout(), PopKeyboardEnhancementFlags);
    }
    let _ =
        execute!(io::stdout(), DisableFocusChange, DisableMouseCapture, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
}

/// Gives the terminal back before the message of a panic, which would be lost with the screen. Only a panic of the thread that draws
/// ends the program.
fn restore_on_panic() {
    let drawing = thread::current().id();
    let next = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == drawing {
            restore();
        }
        next(info);
    }));
}

/// Reads the terminal on a thread of its own, which ends with the program.
fn read_events<N: Send + 'static>(messages: Sender<Message<N>>) {
    thread::spawn(move || {
        loop {
            let message = event::read().map_or(Message::End, Message::Event);
            let ends = matches!(message, Message::End);
            if messages.send(message).is_err() || ends {
                return;
            }
        }
    });
}

/// Tells when the terminal is gone. The reader does not: it tries again and again.
#[cfg(unix)]
fn watch_for_end<N: Send + 'static>(messages: Sender<Message<N>>) {
    use rustix::event::{PollFd, PollFlags, poll};

    thread::spawn(move || {
        let out = io::stdout();
        loop {
            // Without a wish, the kernel reports only that the other side has hung up.
            let mut files = [PollFd::new(&out, PollFlags::empty())];
            match poll(&mut files, None) {
                Err(rustix::io::Errno::INTR) => {}
                Ok(_) if files[0].revents().intersects(PollFlags::HUP | PollFlags::ERR) => {
                    // Nobody waits for the message once the program ends.
                    let _ = messages.send(Message::End);
                    return;
                }
                // This system does not watch terminals. SIGHUP comes there, too.
                _ => return,
            }
        }
    });
}

#[cfg(not(unix))]
fn watch_for_end<N>(_: Sender<Message<N>>) {}

/// A write to the terminal, from its creation until it is dropped.
struct Busy;

impl Busy {
    fn new() -> Self {
        BUSY.store(true, Ordering::SeqCst);
        Busy
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        BUSY.store(false, Ordering::SeqCst);
    }
}

/// Ends this program, as asked by a signal, if it waits for a terminal that takes no more output. `stop` is called before, and stops
/// what would go on. Call this from a handler of signals.
pub(crate) fn end_if_stuck(stop: impl FnOnce()) {
    thread::sleep(PATIENCE);
    if BUSY.load(Ordering::SeqCst) {
        stop();
        // The rest of the terminal's state would be given back by output.
        let _ = disable_raw_mode();
        process::exit(0);
    }
}

/// Sends [`Message::End`] on Ctrl-C, SIGTERM and SIGHUP.
///
/// # Errors
/// Any error of the system, or if the program handles signals already.
pub(crate) fn end_on_signals<N: Send + 'static>(messages: &Sender<Message<N>>) -> Result<(), ctrlc::Error> {
    let messages = messages.clone();
    ctrlc::set_handler(move || {
        // Nobody listens if the view has ended already.
        let _ = messages.send(Message::End);
        end_if_stuck(|| ());
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_view_that_takes_no_news_is_told_once_and_gets_the_latest() {
        let (sender, messages) = mpsc::channel();
        let latest = Latest::new();
        for round in [0, 1000] {
            for number in 0..1000 {
                assert!(latest.put(round + number, &sender).is_ok());
            }
            assert_eq!(messages.try_iter().count(), 1);
            assert_eq!(latest.take(), Some(round + 999));
            assert_eq!(latest.take(), None);
        }
        drop(messages);
        assert!(latest.put(0, &sender).is_err());
    }
}
