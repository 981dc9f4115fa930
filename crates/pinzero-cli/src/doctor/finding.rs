//! Defines a finding of the doctor, and shows it.

use anstyle::{AnsiColor, Style};
use serde::Serialize;

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mark {
    /// All is well.
    Ok,
    /// Switched off, or not there; nothing is wrong with that.
    Off,
    /// Works, but could be better.
    Better,
    /// Does not work.
    Broken,
}

impl Mark {
    /// Returns the sign, its word and its color.
    fn sign(self) -> (&'static str, &'static str, Style) {
        match self {
            Mark::Ok => ("✓", "ok", AnsiColor::Green.on_default()),
            Mark::Off => ("·", "off", Style::new().dimmed()),
            Mark::Better => ("!", "could be better", AnsiColor::Yellow.on_default()),
            Mark::Broken => ("✗", "broken", AnsiColor::Red.on_default()),
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// What was looked at, such as "cdev".
    pub(crate) subject: String,
    pub(crate) mark: Mark,
    pub(crate) text: String,
    /// What to do, if there is something to do.
    pub(crate) remedy: Option<String>,
}

impl Finding {
    pub(crate) fn ok(subject: impl Into<String>, text: impl Into<String>) -> Finding {
        Finding { subject: subject.into(), mark: Mark::Ok, text: text.into(), remedy: None }
    }

    /// Returns a finding that all is not well, with the remedy.
    pub(crate) fn new(
        mark: Mark,
        subject: impl Into<String>,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        Finding { subject: subject.into(), mark, text: text.into(), remedy: Some(remedy.into()) }
    }

    /// Returns the rows for people.
    fn rows(&self) -> String {
        let (sign, word, style) = self.mark.sign();
        let bold = Style::new().bold();
        let mut rows =
            format!("  {style}{sign} {word}{style:#}  {bold}{}{bold:#}: {}\n", self.subject, self.text);
        if let Some(remedy) = &self.remedy {
            rows += &format!("      → {remedy}\n");
        }
        rows
    }
}

/// The findings about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) findings: Vec<Finding>,
}

/// All that the doctor found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Whether the factory works that programs get here.
    pub(crate) works: bool,
    /// The factory that programs get here.
    pub(crate) factory: Option<String>,
    /// The version of this command.
    pub(crate) version: &'static str,
    pub(crate) board: Option<String>,
    pub(crate) revision: Option<String>,
    pub(crate) kernel: Option<String>,
    pub(crate) sections: Vec<Section>,
}

impl Report {
    /// Returns the report for people.
    pub(crate) fn text(&self) -> String {
        let bold = Style::new().bold();
        let board = match (&self.board, &self.revision) {
            (Some(board), Some(revision)) => format!("{board} (revision {revision})"),
            _ => "not a Raspberry Pi".to_owned(),
        };
        let kernel = self.kernel.as_ref().map(|kernel| format!(", Linux {kernel}")).unwrap_or_default();
        let mut text = format!("pinzero {}: {board}{kernel}\n", self.version);
        for section in self.sections.iter().filter(|section| !section.findings.is_empty()) {
            text += &format!("\n{bold}{}{bold:#}\n", section.title);
            text.extend(section.findings.iter().map(Finding::rows));
        }
        text += &match (&self.factory, self.works) {
            (Some(factory), true) => format!("\nPrograms take the factory {bold}{factory}{bold:#} here.\n"),
            (Some(factory), false) => {
                format!("\nThe factory {bold}{factory}{bold:#}, which is chosen, does not work.\n")
            }
            (None, _) => {
                "\nNo factory works here. Without hardware: `--factory mock`, or PINZERO_PIN_FACTORY=mock.\n"
                    .to_owned()
            }
        };
        text
    }
}
