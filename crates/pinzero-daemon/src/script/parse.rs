//! Parses and checks the text of a script.

use std::collections::BTreeMap;

use pinzero_pigpio::protocol::{Code, Command};

/// The numbers of variables and parameters of a script.
pub(crate) const VARIABLES: usize = 150;
pub(crate) const PARAMETERS: usize = 10;

/// The most instructions and the most tags of a script.
const LENGTH: usize = 4096;
const TAGS: usize = 50;

/// A place for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Variable(usize),
    Parameter(usize),
}

/// A value, or the place of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    Number(i32),
    At(Place),
}

/// An operation on the accumulator or a place, with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    And,
    Compare,
    Divide,
    Load,
    Modulo,
    Multiply,
    Or,
    RotateLeft,
    RotateRight,
    Subtract,
    Xor,
}

/// The condition of a jump, by the flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Always,
    Negative,
    NotZero,
    Positive,
    Zero,
}

/// An instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Instruction {
    /// An operation on the accumulator.
    Accumulate(Operation, Value),
    /// An operation on a place.
    Change(Place, Operation, Value),
    /// Stores the accumulator in a place.
    Store(Place),
    Swap(Place, Place),
    SwapAccumulator(Place),
    Push(Value),
    PushAccumulator,
    Pop(Place),
    PopAccumulator,
    /// Jumps to the instruction of this number.
    Jump(When, usize),
    Call(usize),
    Return,
    Halt,
    /// Waits until one of these GPIOs changes.
    Wait(Value),
    /// Waits for one of these events.
    WaitEvent(Value),
    /// A command of the protocol.
    Command(Command, Vec<Value>),
}

/// The commands that a script can give, by both of pigpio's names, and their numbers of arguments.
const COMMANDS: [(&str, &str, Command, usize); 48] = [
    ("M", "MODES", Command::Modes, 2),
    ("MG", "MODEG", Command::Modeg, 1),
    ("PUD", "PUD", Command::Pud, 2),
    ("R", "READ", Command::Read, 1),
    ("W", "WRITE", Command::Write, 2),
    ("P", "PWM", Command::Pwm, 2),
    ("PRS", "PRS", Command::Prs, 2),
    ("PFS", "PFS", Command::Pfs, 2),
    ("S", "SERVO", Command::Servo, 2),
    ("WDOG", "WDOG", Command::Wdog, 2),
    ("BR1", "BR1", Command::Br1, 0),
    ("BR2", "BR2", Command::Br2, 0),
    ("BC1", "BC1", Command::Bc1, 1),
    ("BC2", "BC2", Command::Bc2, 1),
    ("BS1", "BS1", Command::Bs1, 1),
    ("BS2", "BS2", Command::Bs2, 1),
    ("T", "TICK", Command::Tick, 0),
    ("HWVER", "HWVER", Command::Hwver, 0),
    ("PRG", "PRG", Command::Prg, 1),
    ("PFG", "PFG", Command::Pfg, 1),
    ("PRRG", "PRRG", Command::Prrg, 1),
    ("PIGPV", "PIGPV", Command::Pigpv, 0),
    ("TRIG", "TRIG", Command::Trig, 3),
    ("MICS", "MICS", Command::Mics, 1),
    ("MILS", "MILS", Command::Mils, 1),
    ("GDC", "GDC", Command::Gdc, 1),
    ("GPW", "GPW", Command::Gpw, 1),
    ("HP", "HP", Command::Hp, 3),
    ("FG", "FG", Command::Fg, 2),
    ("FN", "FN", Command::Fn, 3),
    ("EVM", "EVM", Command::Evm, 2),
    ("EVT", "EVT", Command::Evt, 1),
    ("NB", "NB", Command::Nb, 2),
    ("NP", "NP", Command::Np, 1),
    ("WVCLR", "WVCLR", Command::Wvclr, 0),
    ("WVNEW", "WVNEW", Command::Wvnew, 0),
    ("WVCRE", "WVCRE", Command::Wvcre, 0),
    ("WVCAP", "WVCAP", Command::Wvcap, 1),
    ("WVDEL", "WVDEL", Command::Wvdel, 1),
    ("WVTX", "WVTX", Command::Wvtx, 1),
    ("WVTXR", "WVTXR", Command::Wvtxr, 1),
    ("WVTXM", "WVTXM", Command::Wvtxm, 2),
    ("WVTAT", "WVTAT", Command::Wvtat, 0),
    ("WVBSY", "WVBSY", Command::Wvbsy, 0),
    ("WVHLT", "WVHLT", Command::Wvhlt, 0),
    ("WVSM", "WVSM", Command::Wvsm, 1),
    ("WVSP", "WVSP", Command::Wvsp, 1),
    ("WVSC", "WVSC", Command::Wvsc, 1),
];

/// Parses a script.
pub(crate) fn parse(text: &[u8]) -> Result<Vec<Instruction>, Code> {
    let text = std::str::from_utf8(text).map_err(|_| Code::BAD_SCRIPT)?;
    let mut parser = Parser { words: text.split_whitespace(), tags: BTreeMap::new(), jumps: Vec::new() };
    let mut instructions = Vec::new();
    while let Some(word) = parser.words.next() {
        let word = word.to_ascii_uppercase();
        if word == "TAG" {
            parser.tag(instructions.len())?;
        } else {
            let instruction = parser.instruction(&word, instructions.len())?;
            instructions.push(instruction);
        }
        if instructions.len() > LENGTH {
            return Err(Code::NO_SCRIPT_ROOM);
        }
    }
    for (index, tag) in parser.jumps {
        let place = *parser.tags.get(&tag).ok_or(Code::BAD_TAG)?;
        match &mut instructions[index] {
            Instruction::Jump(_, target) | Instruction::Call(target) => *target = place,
            _ => {}
        }
    }
    Ok(instructions)
}

struct Parser<'a> {
    words: std::str::SplitWhitespace<'a>,
    /// The tags, and the number of the instruction after each.
    tags: BTreeMap<i32, usize>,
    /// Instructions that jump to a tag; the tag may come later.
    jumps: Vec<(usize, i32)>,
}

impl Parser<'_> {
    fn tag(&mut self, place: usize) -> Result<(), Code> {
        let tag = self.number()?;
        if self.tags.insert(tag, place).is_some() {
            return Err(Code::DUP_TAG);
        }
        if self.tags.len() > TAGS { Err(Code::TOO_MANY_TAGS) } else { Ok(()) }
    }

    fn instruction(&mut self, word: &str, index: usize) -> Result<Instruction, Code> {
        use Instruction::*;
        use Operation::*;
        let one = Value::Number(1);
        Ok(match word {
            "ADD" => Accumulate(Add, self.value()?),
            "AND" => Accumulate(And, self.value()?),
            "CMP" => Accumulate(Compare, self.value()?),
            "DIV" => Accumulate(Divide, self.value()?),
            "LDA" => Accumulate(Load, self.value()?),
            "MLT" => Accumulate(Multiply, self.value()?),
            "MOD" => Accumulate(Modulo, self.value()?),
            "OR" => Accumulate(Or, self.value()?),
            "RLA" => Accumulate(RotateLeft, self.value()?),
            "RRA" => Accumulate(RotateRight, self.value()?),
            "SUB" => Accumulate(Subtract, self.value()?),
            "XOR" => Accumulate(Xor, self.value()?),
            "DCRA" => Accumulate(Subtract, one),
            "INRA" => Accumulate(Add, one),
            "DCR" => Change(self.place()?, Subtract, one),
            "INR" => Change(self.place()?, Add, one),
            "LD" => Change(self.place()?, Load, self.value()?),
            "RL" => Change(self.place()?, RotateLeft, self.value()?),
            "RR" => Change(self.place()?, RotateRight, self.value()?),
            "STA" => Store(self.place()?),
            "X" => Swap(self.place()?, self.place()?),
            "XA" => SwapAccumulator(self.place()?),
            "PUSH" => Push(self.value()?),
            "PUSHA" => PushAccumulator,
            "POP" => Pop(self.place()?),
            "POPA" => PopAccumulator,
            "JMP" => self.jump(When::Always, index)?,
            "JM" => self.jump(When::Negative, index)?,
            "JNZ" => self.jump(When::NotZero, index)?,
            "JP" => self.jump(When::Positive, index)?,
            "JZ" => self.jump(When::Zero, index)?,
            "CALL" => {
                let tag = self.number()?;
                self.jumps.push((index, tag));
                Call(0)
            }
            "RET" => Return,
            "HALT" => Halt,
            "WAIT" => Wait(self.value()?),
            "EVTWT" => WaitEvent(self.value()?),
            _ => self.command(word)?,
        })
    }

    fn jump(&mut self, when: When, index: usize) -> Result<Instruction, Code> {
        let tag = self.number()?;
        self.jumps.push((index, tag));
        Ok(Instruction::Jump(when, 0))
    }

    fn command(&mut self, word: &str) -> Result<Instruction, Code> {
        let known = COMMANDS.iter().find(|(short, long, ..)| word == *short || word == *long);
        let &(_, _, command, count) = known.ok_or(Code::BAD_SCRIPT_CMD)?;
        let mut values = Vec::with_capacity(count);
        for index in 0..count {
            values.push(match (command, index) {
                (Command::Modes, 1) => self.letter(&[("R", 0), ("W", 1)])?,
                (Command::Pud, 1) => self.letter(&[("O", 0), ("D", 1), ("U", 2)])?,
                _ => self.value()?,
            });
        }
        Ok(Instruction::Command(command, values))
    }

    fn word(&mut self) -> Result<&str, Code> {
        self.words.next().ok_or(Code::BAD_SCRIPT)
    }

    /// Parses an argument that is a letter, or the letter's number.
    fn letter(&mut self, letters: &[(&str, i32)]) -> Result<Value, Code> {
        let word = self.word()?;
        match letters.iter().find(|(letter, _)| word.eq_ignore_ascii_case(letter)) {
            Some((_, number)) => Ok(Value::Number(*number)),
            None => value(word),
        }
    }

    fn number(&mut self) -> Result<i32, Code> {
        number(self.word()?)
    }

    fn value(&mut self) -> Result<Value, Code> {
        value(self.word()?)
    }

    fn place(&mut self) -> Result<Place, Code> {
        match value(self.word()?)? {
            Value::At(place) => Ok(place),
            Value::Number(_) => Err(Code::BAD_SCRIPT),
        }
    }
}

fn value(word: &str) -> Result<Value, Code> {
    let index = |digits: &str| digits.parse::<usize>().map_err(|_| Code::BAD_SCRIPT);
    match word.split_at_checked(1) {
        Some(("v" | "V", digits)) => match index(digits)? {
            index if index < VARIABLES => Ok(Value::At(Place::Variable(index))),
            _ => Err(Code::BAD_VAR_NUM),
        },
        Some(("p" | "P", digits)) => match index(digits)? {
            index if index < PARAMETERS => Ok(Value::At(Place::Parameter(index))),
            _ => Err(Code::BAD_PARAM_NUM),
        },
        _ => number(word).map(Value::Number),
    }
}

/// Parses a number: decimal, hexadecimal after 0x, octal after 0. Masks use all 32 bits.
fn number(word: &str) -> Result<i32, Code> {
    let (is_negative, digits) = match word.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, word),
    };
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // The standard library would accept a second sign here.
    if digits.starts_with(['+', '-']) {
        return Err(Code::BAD_SCRIPT);
    }
    let number = i64::from_str_radix(digits, base).map_err(|_| Code::BAD_SCRIPT)?;
    let number = if is_negative { -number } else { number };
    match number {
        -0x8000_0000..=0xffff_ffff => Ok(number as i32),
        _ => Err(Code::BAD_SCRIPT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_script_is_understood() {
        let script = b"tag 0 w p0 1 mils p1 w p0 0 mils p1 dcr p1 jp 0 ";
        let p0 = Value::At(Place::Parameter(0));
        let p1 = Value::At(Place::Parameter(1));
        let write = |level| Instruction::Command(Command::Write, vec![p0, Value::Number(level)]);
        let pause = Instruction::Command(Command::Mils, vec![p1]);
        let expected = [
            write(1),
            pause.clone(),
            write(0),
            pause,
            Instruction::Change(Place::Parameter(1), Operation::Subtract, Value::Number(1)),
            Instruction::Jump(When::Positive, 0),
        ];
        assert_eq!(parse(script).as_deref(), Ok(&expected[..]));
    }

    #[test]
    fn numbers_are_read_as_in_c() {
        for (text, expected) in [
            ("0", Ok(0)),
            ("17", Ok(17)),
            ("-1", Ok(-1)),
            ("0x1F", Ok(31)),
            ("010", Ok(8)),
            ("0xffffffff", Ok(-1)),
            ("4294967296", Err(Code::BAD_SCRIPT)),
            ("--1", Err(Code::BAD_SCRIPT)),
            ("0x-1", Err(Code::BAD_SCRIPT)),
            ("x", Err(Code::BAD_SCRIPT)),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_have_codes_of_their_own() {
        let long = "halt ".repeat(LENGTH + 1);
        let tags: String = (0..=TAGS).map(|tag| format!("tag {tag} ")).collect();
        for (script, code) in [
            ("foo 1", Code::BAD_SCRIPT_CMD),
            ("sys x", Code::BAD_SCRIPT_CMD),
            ("proc 1", Code::BAD_SCRIPT_CMD),
            ("w 17", Code::BAD_SCRIPT),
            ("w 17 x", Code::BAD_SCRIPT),
            ("ld 5 1", Code::BAD_SCRIPT),
            ("ld v150 1", Code::BAD_VAR_NUM),
            ("ld p10 1", Code::BAD_PARAM_NUM),
            ("tag 1 tag 1", Code::DUP_TAG),
            ("jmp 1", Code::BAD_TAG),
            ("\u{fffd}", Code::BAD_SCRIPT_CMD),
            (&long, Code::NO_SCRIPT_ROOM),
            (&tags, Code::TOO_MANY_TAGS),
        ] {
            assert_eq!(parse(script.as_bytes()), Err(code), "{script:.20}");
        }
        assert_eq!(parse(&[0xff]), Err(Code::BAD_SCRIPT));
        assert_eq!(parse(b""), Ok(Vec::new()));
    }
}
