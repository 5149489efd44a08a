//! Python's pickles, read without running them.
//!
//! A pickle is a program for a small stack machine. This one carries the program out on symbols: where Python would
//! import a class or call a function, an [`Object`] notes its name and arguments, and nothing else happens. What the
//! names mean is decided afterwards, by those who know which few they need.
//!
//! All values lie in one arena and name each other by number. Each opcode makes at most one of them, so that memory is
//! bounded by the input's length however often values refer to each other; cycles do no harm, and dropping does not
//! recurse.

mod bytes;
mod machine;
mod make;
#[cfg(test)]
mod tests;

use super::fault::Fault;

/// The number of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(u32);

/// One value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Node<'a> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'a str),
    Bytes(&'a [u8]),
    /// An integer of more than 64 bits, little-endian.
    Long(&'a [u8]),
    /// A list or a set.
    List(Lists),
    /// Its first item among those of all tuples, and how many it has.
    Tuple(u32, u32),
    /// Keys and values in turn.
    Dict(Lists),
    /// A class or function, by name.
    Global(u32),
    /// What a call would give.
    Object(u32),
    /// Something outside of the pickle: a tensor's storage.
    Persistent(Id),
}

/// The number of a list of values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lists(u32);

/// A call that is not made: an instance of a class, or the result of a function.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) callee: Id,
    pub(super) args: Id,
    /// Appended to it.
    items: Vec<Id>,
    /// Keys and values set in it, in turn.
    pairs: Vec<Id>,
    /// The attributes that it would be given.
    pub(super) state: Option<Id>,
}

/// A class or function: its module and its name in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Global<'a> {
    pub(super) module: &'a str,
    pub(super) name: &'a str,
}

impl std::fmt::Display for Global<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.module, self.name)
    }
}

/// What a pickle holds.
#[derive(Debug)]
pub(super) struct Pickle<'a> {
    nodes: Vec<Node<'a>>,
    lists: Vec<Vec<Id>>,
    tuples: Vec<Id>,
    objects: Vec<Object>,
    globals: Vec<Global<'a>>,
    root: Id,
    end: usize,
}

impl<'a> Pickle<'a> {
    /// Reads the pickle that begins at byte `start`; what follows it is left alone.
    pub(super) fn read(bytes: &'a [u8], start: usize) -> Result<Self, Fault> {
        machine::run(bytes, start)
    }

    /// The value that the pickle stands for.
    pub(super) fn root(&self) -> Id {
        self.root
    }

    /// The place of the first byte behind it.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    pub(super) fn node(&self, id: Id) -> Node<'a> {
        self.nodes[id.0 as usize]
    }

    /// Every reference to something outside of the pickle.
    pub(super) fn persistent(&self) -> impl Iterator<Item = Id> + '_ {
        let all = (0u32..).zip(&self.nodes);
        all.filter(|(_, node)| matches!(node, Node::Persistent(_)))
            .map(|(number, _)| Id(number))
    }

    /// Every class and function that is named anywhere.
    pub(super) fn globals(&self) -> &[Global<'a>] {
        &self.globals
    }

    pub(super) fn str(&self, id: Id) -> Option<&'a str> {
        match self.node(id) {
            Node::Str(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn int(&self, id: Id) -> Option<i64> {
        match self.node(id) {
            Node::Int(number) => Some(number),
            _ => None,
        }
    }

    /// The class or function of this name.
    pub(super) fn global(&self, id: Id) -> Option<Global<'a>> {
        match self.node(id) {
            Node::Global(index) => Some(self.globals[index as usize]),
            _ => None,
        }
    }

    pub(super) fn object(&self, id: Id) -> Option<&Object> {
        match self.node(id) {
            Node::Object(index) => Some(&self.objects[index as usize]),
            _ => None,
        }
    }

    /// An object and what it is a call of.
    pub(super) fn call(&self, id: Id) -> Option<(Global<'a>, &Object)> {
        let object = self.object(id)?;
        Some((self.global(object.callee)?, object))
    }

    pub(super) fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::Tuple(start, length) => Some(&self.tuples[start as usize..][..length as usize]),
            _ => None,
        }
    }

    /// The items of a list, a set or a tuple.
    pub(super) fn sequence(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::List(list) => Some(&self.lists[list.0 as usize]),
            _ => self.tuple(id),
        }
    }

    /// The keys and values of a dictionary, plain or ordered.
    pub(super) fn mapping(&self, id: Id) -> Option<impl Iterator<Item = (Id, Id)> + '_> {
        let ordered = Global {
            module: "collections",
            name: "OrderedDict",
        };
        let pairs = match self.node(id) {
            Node::Dict(list) => &self.lists[list.0 as usize],
            _ => match self.call(id)? {
                (callee, object) if callee == ordered => &object.pairs,
                _ => return None,
            },
        };
        Some(pairs.as_chunks::<2>().0.iter().map(|&[k, v]| (k, v)))
    }

    /// What a value is, for messages.
    pub(super) fn describe(&self, id: Id) -> String {
        match self.node(id) {
            Node::None => "None".to_owned(),
            Node::Bool(value) => value.to_string(),
            Node::Int(number) => number.to_string(),
            Node::Float(number) => number.to_string(),
            Node::Str(text) => format!("the text `{}`", text.chars().take(40).collect::<String>()),
            Node::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Node::Long(_) => "a large integer".to_owned(),
            Node::List(_) => "a list".to_owned(),
            Node::Tuple(..) => "a tuple".to_owned(),
            Node::Dict(_) => "a dictionary".to_owned(),
            Node::Global(index) => format!("the global `{}`", self.globals[index as usize]),
            Node::Object(_) => match self.call(id) {
                Some((callee, _)) => format!("an object of `{callee}`"),
                None => "an object of something made in the file".to_owned(),
            },
            Node::Persistent(_) => "a storage".to_owned(),
        }
    }
}
