//! The stack machine: protocols 2 to 5, symbols instead of calls.

use std::collections::HashMap;

use super::super::fault::{Fault, UNKNOWN};
use super::bytes::Bytes;
use super::{Global, Id, Node, Object, Pickle};

/// More than any vocabulary or list of weights has; a value takes up to fifty bytes of memory, but one of the file.
const MAX_VALUES: usize = 1 << 23;

/// Runs the program that begins at `start`.
pub(super) fn run(bytes: &[u8], start: usize) -> Result<Pickle<'_>, Fault> {
    let mut machine = Machine {
        bytes: Bytes::new(bytes, start),
        nodes: Vec::new(),
        lists: Vec::new(),
        tuples: Vec::new(),
        objects: Vec::new(),
        globals: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    loop {
        let opcode = machine.bytes.byte()?;
        if opcode == b'.' {
            let root = machine.pop()?;
            return Ok(Pickle {
                nodes: machine.nodes,
                lists: machine.lists,
                tuples: machine.tuples,
                objects: machine.objects,
                globals: machine.globals,
                root,
                end: machine.bytes.at(),
            });
        }
        machine.step(opcode)?;
    }
}

/// The machine's memory.
pub(super) struct Machine<'a> {
    pub(super) bytes: Bytes<'a>,
    nodes: Vec<Node<'a>>,
    pub(super) lists: Vec<Vec<Id>>,
    pub(super) tuples: Vec<Id>,
    pub(super) objects: Vec<Object>,
    pub(super) globals: Vec<Global<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    /// By number, as the file has them: sparse numbers must not cost memory.
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    fn step(&mut self, opcode: u8) -> Result<(), Fault> {
        match opcode {
            // Protocol and frames: nothing to do, every read is checked anyway.
            0x80 => self.protocol()?,
            0x95 => drop(self.bytes.take(8)?),
            // Stack.
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_to_mark()?),
            b'2' => self.stack.push(self.top()?),
            // Plain values.
            b'N' => self.push(Node::None)?,
            0x88 => self.push(Node::Bool(true))?,
            0x89 => self.push(Node::Bool(false))?,
            b'J' | b'K' | b'M' | b'G' | 0x8a | 0x8b => self.number(opcode)?,
            b'X' | 0x8c | 0x8d | b'U' | b'T' => self.text(opcode)?,
            b'B' | b'C' | 0x8e | 0x96 => self.raw(opcode)?,
            // Containers.
            b']' | 0x8f => self.list(Vec::new())?,
            b'l' | 0x91 => self.marked(Self::list)?,
            b')' => self.tuple(Vec::new())?,
            b't' => self.marked(Self::tuple)?,
            0x85..=0x87 => {
                let items = self.pop_many(usize::from(opcode - 0x84))?;
                self.tuple(items)?;
            }
            b'}' => self.dict(Vec::new())?,
            b'd' => self.marked(Self::dict)?,
            b'a' => {
                let item = self.pop()?;
                self.extend(vec![item])?;
            }
            b'e' | 0x90 => self.marked(Self::extend)?,
            b's' => {
                let pair = self.pop_many(2)?;
                self.set(pair)?;
            }
            b'u' => self.marked(Self::set)?,
            // Memo.
            b'q' => self.put(1)?,
            b'r' => self.put(4)?,
            0x94 => self.remember(self.memo.len() as u32)?,
            b'h' => self.get(1)?,
            b'j' => self.get(4)?,
            // What Python would import and call.
            b'c' | 0x93 => self.import(opcode)?,
            b'R' | 0x81 | 0x92 => self.call(opcode)?,
            b'b' => self.build()?,
            b'Q' => {
                let inner = self.pop()?;
                self.push(Node::Persistent(inner))?;
            }
            _ => return Err(self.unknown(opcode)),
        }
        Ok(())
    }

    fn protocol(&mut self) -> Result<(), Fault> {
        match self.bytes.byte()? {
            2..=5 => Ok(()),
            other => Err(self
                .bytes
                .fault("a pickle of protocol 2 to 5", other.to_string())),
        }
    }

    fn put(&mut self, width: usize) -> Result<(), Fault> {
        let number = self.bytes.unsigned(width)? as u32;
        self.remember(number)
    }

    fn remember(&mut self, number: u32) -> Result<(), Fault> {
        let top = self.top()?;
        self.memo.insert(number, top);
        self.check_limit(self.memo.len())
    }

    fn get(&mut self, width: usize) -> Result<(), Fault> {
        let number = self.bytes.unsigned(width)? as u32;
        match self.memo.get(&number) {
            Some(&id) => self.stack.push(id),
            None => {
                let expected = format!("a value that was remembered as {number}");
                return Err(self.bytes.fault(expected, "none"));
            }
        }
        Ok(())
    }

    pub(super) fn node(&self, id: Id) -> Node<'a> {
        self.nodes[id.0 as usize]
    }

    pub(super) fn push(&mut self, node: Node<'a>) -> Result<(), Fault> {
        self.stack.push(Id(self.nodes.len() as u32));
        self.nodes.push(node);
        self.check_limit(self.nodes.len())
    }

    fn check_limit(&self, values: usize) -> Result<(), Fault> {
        if values <= MAX_VALUES {
            return Ok(());
        }
        Err(self
            .bytes
            .fault(format!("at most {MAX_VALUES} values"), "more"))
    }

    /// The stack above the last mark.
    fn above_mark(&self) -> usize {
        self.stack.len() - self.marks.last().copied().unwrap_or(0)
    }

    pub(super) fn top(&self) -> Result<Id, Fault> {
        match self.stack.last() {
            Some(&id) if self.above_mark() > 0 => Ok(id),
            _ => Err(self.misplaced("a value on the stack")),
        }
    }

    pub(super) fn pop(&mut self) -> Result<Id, Fault> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    pub(super) fn pop_many(&mut self, n: usize) -> Result<Vec<Id>, Fault> {
        if self.above_mark() < n {
            return Err(self.misplaced("values on the stack"));
        }
        Ok(self.take_from(self.stack.len() - n))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, Fault> {
        match self.marks.pop() {
            Some(height) => Ok(self.take_from(height)),
            None => Err(self.misplaced("a mark on the stack")),
        }
    }

    /// Collected anew: `split_off` may hand out the stack's whole capacity with each list.
    fn take_from(&mut self, height: usize) -> Vec<Id> {
        self.stack.drain(height..).collect()
    }

    fn marked(&mut self, work: fn(&mut Self, Vec<Id>) -> Result<(), Fault>) -> Result<(), Fault> {
        let items = self.pop_to_mark()?;
        work(self, items)
    }

    pub(super) fn misplaced(&self, expected: &str) -> Fault {
        self.bytes.fault(expected, "something else")
    }

    fn unknown(&self, opcode: u8) -> Fault {
        let part = format!("pickle, byte {}", self.bytes.at() - 1);
        let expected = "an opcode for numbers, text and containers";
        Fault::new(part, expected, format!("opcode {opcode:#04x}"), UNKNOWN)
    }
}
