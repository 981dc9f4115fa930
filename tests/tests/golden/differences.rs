//! The intended differences from gpiozero: `differences.json`.

use serde_json::Value as Json;

use crate::compare::{Record, is_same, read_changes, settled};

/// The list, and which of its entries were met.
pub(crate) struct Differences(Vec<(Json, bool)>);

impl Differences {
    pub(crate) fn load(json: &Json) -> Differences {
        let list = json.as_array().unwrap();
        for difference in list {
            assert!(
                difference["reason"].as_str().is_some_and(|reason| reason.ends_with('.')),
                "{difference}"
            );
        }
        Differences(list.iter().map(|difference| (difference.clone(), false)).collect())
    }

    /// Returns what is expected of us instead of gpiozero's record. Complains about a difference that is none.
    pub(crate) fn apply(
        &mut self,
        scenario: &str,
        mut record: Record,
        complaints: &mut Vec<String>,
    ) -> Record {
        for (difference, used) in
            self.0.iter_mut().filter(|(difference, _)| difference["scenario"] == scenario)
        {
            *used = true;
            for (pin, changes) in difference["pins"].as_object().into_iter().flatten() {
                let ours = read_changes(changes);
                let theirs = record.pins.insert(pin.clone(), ours.clone()).unwrap_or_default();
                if settled(&theirs) == settled(&ours) {
                    complaints.push(format!("{scenario}: pin {pin} is listed as a difference, and is none"));
                }
            }
            for pair in difference["log"].as_array().into_iter().flatten() {
                let (theirs, ours) = (&pair[0], &pair[1]);
                let at = if theirs.is_null() {
                    // An entry of ours alone: after those of its time.
                    let later = |entry: &Json| entry[0].as_f64() > ours[0].as_f64();
                    Some(record.log.iter().position(later).unwrap_or(record.log.len()))
                } else {
                    record.log.iter().position(|entry| is_same(entry, theirs)).inspect(|at| {
                        record.log.remove(*at);
                    })
                };
                match at {
                    Some(at) if !is_same(theirs, ours) => {
                        if !ours.is_null() {
                            record.log.insert(at, ours.clone());
                        }
                    }
                    _ => {
                        complaints.push(format!("{scenario}: {pair} is listed as a difference, and is none"));
                    }
                }
            }
        }
        record
    }

    /// Complains about differences of scenarios that were not replayed.
    pub(crate) fn unused(&self) -> Vec<String> {
        let unused = self.0.iter().filter(|(_, used)| !used);
        unused
            .map(|(difference, _)| format!("no scenario of this difference was replayed: {difference}"))
            .collect()
    }
}

#[test]
fn a_difference_that_is_none_fails() {
    use serde_json::json;

    let golden = json!({"pins": {"17": [[0, 0], [5, 1]]}, "log": [[5, "value", 1], [6, "closed", 1]]});
    let list = json!([{"scenario": "LED: on", "reason": "So.", "pins": {"17": [[5, 1]]}, "log": [
        [[5, "value", 0], [5, "value", 1]], [[5, "value", 1], [5, "value", true]], [[6, "closed", 1], null],
    ]}, {"scenario": "LED: gone", "reason": "So."}]);
    let mut differences = Differences::load(&list);
    let mut complaints = Vec::new();
    let expected = differences.apply("LED: on", Record::of_gpiozero(&golden), &mut complaints);
    assert_eq!(complaints.len(), 3, "{complaints:?}");
    assert_eq!(differences.unused().len(), 1);
    assert!(expected.log.is_empty());
}
