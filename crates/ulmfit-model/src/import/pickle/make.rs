//! What the opcodes make: numbers, text, containers, and notes of calls.

use super::super::fault::Fault;
use super::machine::Machine;
use super::{Global, Id, Lists, Node, Object};

impl<'a> Machine<'a> {
    pub(super) fn number(&mut self, opcode: u8) -> Result<(), Fault> {
        let node = match opcode {
            b'K' => Node::Int(self.bytes.unsigned(1)? as i64),
            b'M' => Node::Int(self.bytes.unsigned(2)? as i64),
            b'J' => Node::Int(i64::from(self.bytes.unsigned(4)? as u32 as i32)),
            b'G' => {
                // The only big-endian number of the format.
                Node::Float(f64::from_bits(self.bytes.unsigned(8)?.swap_bytes()))
            }
            _ => {
                let digits = self.bytes.counted(if opcode == 0x8a { 1 } else { 4 })?;
                long(digits)
            }
        };
        self.push(node)
    }

    pub(super) fn text(&mut self, opcode: u8) -> Result<(), Fault> {
        let node = match opcode {
            b'X' => Node::Str(self.bytes.text(4)?),
            0x8c => Node::Str(self.bytes.text(1)?),
            0x8d => Node::Str(self.bytes.text(8)?),
            // Python 2's strings: text where they can be.
            _ => {
                let bytes = self.bytes.counted(if opcode == b'U' { 1 } else { 4 })?;
                std::str::from_utf8(bytes).map_or(Node::Bytes(bytes), Node::Str)
            }
        };
        self.push(node)
    }

    pub(super) fn raw(&mut self, opcode: u8) -> Result<(), Fault> {
        let width = match opcode {
            b'C' => 1,
            b'B' => 4,
            _ => 8,
        };
        let bytes = self.bytes.counted(width)?;
        self.push(Node::Bytes(bytes))
    }

    pub(super) fn list(&mut self, items: Vec<Id>) -> Result<(), Fault> {
        let list = self.store(items);
        self.push(Node::List(list))
    }

    /// Tuples never grow: they lie in one row, without a list each.
    pub(super) fn tuple(&mut self, items: Vec<Id>) -> Result<(), Fault> {
        let Ok(start) = u32::try_from(self.tuples.len() + items.len()) else {
            return Err(self.bytes.fault("fewer than 2^32 items", "more"));
        };
        let length = items.len() as u32;
        self.tuples.extend(items);
        self.push(Node::Tuple(start - length, length))
    }

    pub(super) fn dict(&mut self, pairs: Vec<Id>) -> Result<(), Fault> {
        self.check_pairs(&pairs)?;
        let list = self.store(pairs);
        self.push(Node::Dict(list))
    }

    /// Appends to the list or object on the stack.
    pub(super) fn extend(&mut self, items: Vec<Id>) -> Result<(), Fault> {
        match self.node(self.top()?) {
            Node::List(list) => self.lists[list.0 as usize].extend(items),
            Node::Object(index) => self.objects[index as usize].items.extend(items),
            _ => return Err(self.misplaced("a list to append to")),
        }
        Ok(())
    }

    /// Sets keys of the dictionary or object on the stack.
    pub(super) fn set(&mut self, pairs: Vec<Id>) -> Result<(), Fault> {
        self.check_pairs(&pairs)?;
        match self.node(self.top()?) {
            Node::Dict(list) => self.lists[list.0 as usize].extend(pairs),
            Node::Object(index) => self.objects[index as usize].pairs.extend(pairs),
            _ => return Err(self.misplaced("a dictionary to set keys in")),
        }
        Ok(())
    }

    fn check_pairs(&self, pairs: &[Id]) -> Result<(), Fault> {
        match pairs.len() % 2 {
            0 => Ok(()),
            _ => Err(self.bytes.fault("a value for each key", "a key alone")),
        }
    }

    pub(super) fn import(&mut self, opcode: u8) -> Result<(), Fault> {
        let global = if opcode == b'c' {
            let (module, name) = (self.bytes.line()?, self.bytes.line()?);
            Global {
                module: self.bytes.utf8(module)?,
                name: self.bytes.utf8(name)?,
            }
        } else {
            let names = self.pop_many(2)?;
            match [self.node(names[0]), self.node(names[1])] {
                [Node::Str(module), Node::Str(name)] => Global { module, name },
                _ => return Err(self.misplaced("the name of a class or function")),
            }
        };
        let index = self.globals.len() as u32;
        self.globals.push(global);
        self.push(Node::Global(index))
    }

    pub(super) fn call(&mut self, opcode: u8) -> Result<(), Fault> {
        if opcode == 0x92 {
            // Keyword arguments: no class that is needed has any.
            self.pop()?;
        }
        let (args, callee) = (self.pop()?, self.pop()?);
        let index = self.objects.len() as u32;
        self.objects.push(Object {
            callee,
            args,
            items: Vec::new(),
            pairs: Vec::new(),
            state: None,
        });
        self.push(Node::Object(index))
    }

    pub(super) fn build(&mut self) -> Result<(), Fault> {
        let state = self.pop()?;
        match self.node(self.top()?) {
            Node::Object(index) => self.objects[index as usize].state = Some(state),
            _ => return Err(self.misplaced("an object to give attributes")),
        }
        Ok(())
    }

    /// There is no list without a node, so the number fits.
    fn store(&mut self, items: Vec<Id>) -> Lists {
        self.lists.push(items);
        Lists((self.lists.len() - 1) as u32)
    }
}

/// A little-endian integer in two's complement; no digits are zero.
fn long(digits: &[u8]) -> Node<'_> {
    if digits.len() > 8 {
        return Node::Long(digits);
    }
    let negative = digits.last().is_some_and(|&high| high >= 0x80);
    let start = if negative { -1i64 } else { 0 };
    let value = digits.iter().rev();
    Node::Int(value.fold(start, |number, &digit| number << 8 | i64::from(digit)))
}
