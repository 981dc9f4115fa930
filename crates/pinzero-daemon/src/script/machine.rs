//! Runs a script, instruction by instruction. Pure: the caller runs the commands of the protocol.

use pinzero_pigpio::protocol::Command;

use super::parse::{Instruction, Operation, PARAMETERS, Place, VARIABLES, Value, When};

/// The greatest depth of calls and of the stack.
const DEPTH: usize = 256;

/// A script, and its current position.
#[derive(Debug)]
pub(crate) struct Machine {
    program: Vec<Instruction>,
    next: usize,
    accumulator: i32,
    flag: i32,
    variables: Box<[i32; VARIABLES]>,
    pub(crate) parameters: [i32; PARAMETERS],
    stack: Vec<i32>,
    calls: Vec<usize>,
}

/// The result of an instruction.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The script continues with the next instruction.
    Go,
    /// The script has ended.
    Halt,
    /// The script has failed.
    Fail,
    /// The script waits for a change of one of these GPIOs.
    Wait(u32),
    /// The script waits for one of these events.
    WaitEvent(u32),
    /// The script gives this command; [`Machine::put`] takes the result.
    Command(Command, Vec<u32>),
}

impl Machine {
    pub(crate) fn new(program: Vec<Instruction>) -> Self {
        Machine {
            program,
            next: 0,
            accumulator: 0,
            flag: 0,
            variables: Box::new([0; VARIABLES]),
            parameters: [0; PARAMETERS],
            stack: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// Restarts the script. Variables and parameters keep their values.
    pub(crate) fn restart(&mut self) {
        (self.next, self.accumulator, self.flag) = (0, 0, 0);
        self.stack.clear();
        self.calls.clear();
    }

    /// Stores the result of a command or of a wait for the script.
    pub(crate) fn put(&mut self, result: i32) {
        (self.accumulator, self.flag) = (result, result);
    }

    /// Runs one instruction.
    pub(crate) fn step(&mut self) -> Turn {
        let Some(instruction) = self.program.get(self.next) else { return Turn::Halt };
        self.next += 1;
        match instruction {
            Instruction::Accumulate(operation, value) => {
                let (operation, value) = (*operation, self.value(*value));
                if operation == Operation::Compare {
                    self.flag = self.accumulator.wrapping_sub(value);
                    return Turn::Go;
                }
                let Some(result) = apply(operation, self.accumulator, value) else { return Turn::Fail };
                self.accumulator = result;
                // A load does not set the flag.
                if operation != Operation::Load {
                    self.flag = result;
                }
            }
            Instruction::Change(place, operation, value) => {
                let (place, operation, value) = (*place, *operation, self.value(*value));
                let before = *self.place(place);
                let Some(result) = apply(operation, before, value) else { return Turn::Fail };
                *self.place(place) = result;
                if operation != Operation::Load {
                    self.flag = result;
                }
            }
            Instruction::Store(place) => {
                let place = *place;
                *self.place(place) = self.accumulator;
            }
            Instruction::Swap(one, other) => {
                let (one, other) = (*one, *other);
                let (first, second) = (*self.place(one), *self.place(other));
                (*self.place(one), *self.place(other)) = (second, first);
            }
            Instruction::SwapAccumulator(place) => {
                let place = *place;
                let before = std::mem::replace(self.place(place), 0);
                *self.place(place) = std::mem::replace(&mut self.accumulator, before);
            }
            Instruction::Push(value) => {
                let value = self.value(*value);
                return self.push(value);
            }
            Instruction::PushAccumulator => return self.push(self.accumulator),
            Instruction::Pop(place) => {
                let place = *place;
                let Some(value) = self.stack.pop() else { return Turn::Fail };
                *self.place(place) = value;
            }
            Instruction::PopAccumulator => {
                let Some(value) = self.stack.pop() else { return Turn::Fail };
                self.accumulator = value;
            }
            Instruction::Jump(when, target) => {
                let is_taken = match when {
                    When::Always => true,
                    When::Negative => self.flag < 0,
                    When::NotZero => self.flag != 0,
                    When::Positive => self.flag >= 0,
                    When::Zero => self.flag == 0,
                };
                if is_taken {
                    self.next = *target;
                }
            }
            Instruction::Call(target) => {
                if self.calls.len() == DEPTH {
                    return Turn::Fail;
                }
                self.calls.push(self.next);
                self.next = *target;
            }
            Instruction::Return => match self.calls.pop() {
                Some(place) => self.next = place,
                None => return Turn::Fail,
            },
            Instruction::Halt => return Turn::Halt,
            Instruction::Wait(mask) => return Turn::Wait(self.value(*mask) as u32),
            Instruction::WaitEvent(mask) => return Turn::WaitEvent(self.value(*mask) as u32),
            Instruction::Command(command, values) => {
                let values = values.iter().map(|value| self.value(*value) as u32).collect();
                return Turn::Command(*command, values);
            }
        }
        Turn::Go
    }

    fn push(&mut self, value: i32) -> Turn {
        if self.stack.len() == DEPTH {
            return Turn::Fail;
        }
        self.stack.push(value);
        Turn::Go
    }

    fn value(&self, value: Value) -> i32 {
        match value {
            Value::Number(number) => number,
            Value::At(Place::Variable(index)) => self.variables[index],
            Value::At(Place::Parameter(index)) => self.parameters[index],
        }
    }

    fn place(&mut self, place: Place) -> &mut i32 {
        match place {
            Place::Variable(index) => &mut self.variables[index],
            Place::Parameter(index) => &mut self.parameters[index],
        }
    }
}

/// Returns `None` for a division by zero or an overflow.
fn apply(operation: Operation, one: i32, other: i32) -> Option<i32> {
    Some(match operation {
        Operation::Add => one.wrapping_add(other),
        Operation::And => one & other,
        Operation::Compare | Operation::Subtract => one.wrapping_sub(other),
        Operation::Divide => return one.checked_div(other),
        Operation::Load => other,
        Operation::Modulo => return one.checked_rem(other),
        Operation::Multiply => one.wrapping_mul(other),
        Operation::Or => one | other,
        Operation::RotateLeft => one.wrapping_shl(other as u32),
        Operation::RotateRight => one.wrapping_shr(other as u32),
        Operation::Xor => one ^ other,
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    /// Runs a script whose commands all give 7; returns how the script ended, and its first three variables.
    fn run(script: &str) -> (Turn, [i32; 3]) {
        let mut machine = Machine::new(parse(script.as_bytes()).unwrap());
        for _ in 0..10_000 {
            match machine.step() {
                Turn::Go => {}
                Turn::Command(..) => machine.put(7),
                end => return (end, [machine.variables[0], machine.variables[1], machine.variables[2]]),
            }
        }
        panic!("it does not end: {script}");
    }

    #[test]
    fn arithmetic_goes_to_the_accumulator_and_the_flag() {
        for (script, expected) in [
            ("lda 5 add 3 sta v0", 8),
            ("lda 5 sub 8 sta v0", -3),
            ("lda 6 mlt 7 sta v0", 42),
            ("lda 17 div 5 sta v0", 3),
            ("lda 17 mod 5 sta v0", 2),
            ("lda 12 and 10 sta v0", 8),
            ("lda 12 or 3 sta v0", 15),
            ("lda 12 xor 10 sta v0", 6),
            ("lda 1 rla 4 sta v0", 16),
            ("lda 16 rra 4 sta v0", 1),
            ("lda 5 inra sta v0", 6),
            ("lda 5 dcra sta v0", 4),
            ("ld v0 9 inr v0", 10),
            ("ld v0 9 dcr v0", 8),
            ("ld v0 1 rl v0 3", 8),
            ("ld v0 8 rr v0 3", 1),
            ("lda 0x7fffffff inra sta v0", i32::MIN),
            ("lda 3 pusha lda 4 popa sta v0", 3),
            ("push 5 pop v0", 5),
            ("ld v0 1 lda 2 xa v0", 2),
            ("ld v0 1 ld v1 2 x v0 v1", 2),
            ("br1 sta v0", 7),
        ] {
            let (end, [result, ..]) = run(script);
            assert_eq!((end, result), (Turn::Halt, expected), "{script}");
        }
    }

    #[test]
    fn jumps_follow_the_flag() {
        for (script, expected) in [
            ("cmp 0 jz 1 halt tag 1 ld v0 1", 1),
            ("cmp 0 jnz 1 halt tag 1 ld v0 1", 0),
            ("cmp 1 jm 1 halt tag 1 ld v0 1", 1),
            ("cmp 1 jp 1 halt tag 1 ld v0 1", 0),
            ("cmp 0 jp 1 halt tag 1 ld v0 1", 1),
            ("jmp 1 halt tag 1 ld v0 1", 1),
            ("call 1 inr v0 halt tag 1 ld v0 1 ret", 2),
            ("ld v1 3 tag 1 inr v0 dcr v1 jnz 1", 3),
        ] {
            let (end, [result, ..]) = run(script);
            assert_eq!((end, result), (Turn::Halt, expected), "{script}");
        }
    }

    #[test]
    fn what_cannot_be_done_fails() {
        for script in ["lda 1 div 0", "lda 1 mod 0", "popa", "ret", "tag 1 call 1", "tag 1 pusha jmp 1"] {
            assert_eq!(run(script).0, Turn::Fail, "{script}");
        }
        assert_eq!(run("wait 0x10").0, Turn::Wait(0x10));
        assert_eq!(run("evtwt 8").0, Turn::WaitEvent(8));
    }
}
