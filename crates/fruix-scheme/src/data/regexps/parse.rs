// SPDX-License-Identifier: GPL-3.0-or-later
//! Reading expressions and turning them into steps.

use super::{Class, Options, Place, Regexp, Set, Step};

/// Largest repetition, as in POSIX.
const REPEAT_MAX: usize = 32767;
/// Largest number of steps.
const STEPS_MAX: usize = 1 << 18;
/// Deepest nesting of groups.
const DEPTH_MAX: usize = 500;

const TOO_BIG: &str = "Regular expression too big";
const BAD_REPEAT: &str = "Invalid preceding regular expression";
const BAD_INTERVAL: &str = "Invalid content of \\{\\}";
const UNMATCHED_BRACKET: &str = "Unmatched [, [^, [:, [., or [=";

#[derive(Clone, Debug)]
enum Node {
    Empty,
    Char(char),
    Any,
    Set(usize),
    At(Place),
    Back(usize),
    Group(usize, Box<Node>),
    Sequence(Vec<Node>),
    Choice(Vec<Node>),
    Repeat(Box<Node>, usize, Option<usize>),
}

struct Parser<'a> {
    text: &'a [char],
    at: usize,
    options: Options,
    sets: Vec<Set>,
    groups: usize,
    closed: Vec<usize>,
    depth: usize,
    has_back_references: bool,
}

/// See [`Regexp::new`].
pub(super) fn compile(pattern: &str, options: Options) -> Result<Regexp, &'static str> {
    let text: Vec<char> = pattern.chars().collect();
    let mut parser = Parser {
        text: &text,
        at: 0,
        options,
        sets: Vec::new(),
        groups: 1,
        closed: Vec::new(),
        depth: 0,
        has_back_references: false,
    };
    let node = parser.choice()?;
    if parser.at < text.len() {
        return Err("Unmatched ) or \\)");
    }
    let mut emitter = Emitter { steps: Vec::new(), slots: parser.groups * 2 };
    emitter.push(Step::Save(0))?;
    emitter.node(&node)?;
    emitter.push(Step::Save(1))?;
    emitter.push(Step::Match)?;
    let first = if options.ignore_case { None } else { first_chars(&node) };
    Ok(Regexp {
        steps: emitter.steps,
        sets: parser.sets,
        groups: parser.groups,
        slots: emitter.slots,
        options,
        has_back_references: parser.has_back_references,
        first,
    })
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    /// Whether the text goes on with the operator `c`: as it is in extended syntax, after a backslash in basic one.
    fn at_operator(&self, c: char) -> bool {
        if self.options.extended {
            self.peek() == Some(c)
        } else {
            self.peek() == Some('\\') && self.text.get(self.at + 1) == Some(&c)
        }
    }

    fn take_operator(&mut self, c: char) -> bool {
        let found = self.at_operator(c);
        if found {
            self.at += if self.options.extended { 1 } else { 2 };
        }
        found
    }

    fn choice(&mut self) -> Result<Node, &'static str> {
        let mut branches = vec![self.sequence()?];
        while self.take_operator('|') {
            branches.push(self.sequence()?);
        }
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Choice(branches) })
    }

    fn sequence(&mut self) -> Result<Node, &'static str> {
        let mut parts = Vec::new();
        while self.peek().is_some() && !self.at_operator('|') {
            if self.at_operator(')') && self.depth > 0 {
                break;
            }
            let start = self.at;
            let atom = self.atom(parts.is_empty())?;
            let mut node = atom;
            while let Some((low, high)) = self.repetition(&node, start)? {
                node = Node::Repeat(Box::new(node), low, high);
            }
            parts.push(node);
        }
        Ok(match parts.len() {
            0 => Node::Empty,
            1 => parts.remove(0),
            _ => Node::Sequence(parts),
        })
    }

    /// The bounds of a repetition operator, if there is one.
    fn repetition(
        &mut self,
        node: &Node,
        start: usize,
    ) -> Result<Option<(usize, Option<usize>)>, &'static str> {
        let extended = self.options.extended;
        if self.peek() == Some('*') {
            // In basic syntax a star after `^` at the start is itself.
            if !extended && matches!(node, Node::At(Place::LineStart)) {
                return Ok(None);
            }
            if extended && matches!(node, Node::At(Place::LineStart)) && start == self.at - 1 {
                return Err(BAD_REPEAT);
            }
            self.at += 1;
            return Ok(Some((0, None)));
        }
        if self.take_operator('+') {
            return Ok(Some((1, None)));
        }
        if self.take_operator('?') {
            return Ok(Some((0, Some(1))));
        }
        let before = self.at;
        if self.take_operator('{') {
            return match self.interval() {
                Ok(bounds) => Ok(Some(bounds)),
                Err(error) => {
                    self.at = before;
                    Err(error)
                }
            };
        }
        Ok(None)
    }

    fn interval(&mut self) -> Result<(usize, Option<usize>), &'static str> {
        let low = self.number()?;
        let high = if self.peek() == Some(',') {
            self.at += 1;
            self.number()?
        } else {
            low
        };
        let comma = self.text.get(self.at.wrapping_sub(1)) == Some(&',');
        if self.peek().is_none() || !self.text[self.at..].contains(&'}') {
            return Err("Unmatched \\{");
        }
        if !self.take_operator('}') {
            return Err(BAD_INTERVAL);
        }
        let (low, high) = match (low, high) {
            (None, None) if !comma => return Err(BAD_INTERVAL),
            (low, high) => (low.unwrap_or(0), high),
        };
        if high.is_some_and(|high| high < low) {
            return Err(BAD_INTERVAL);
        }
        if low.max(high.unwrap_or(0)) > REPEAT_MAX {
            return Err(TOO_BIG);
        }
        Ok((low, high))
    }

    fn number(&mut self) -> Result<Option<usize>, &'static str> {
        let mut n = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            let value = n.unwrap_or(0usize) * 10 + digit as usize;
            n = Some(value.min(REPEAT_MAX + 1));
            self.at += 1;
        }
        Ok(n)
    }

    fn atom(&mut self, first: bool) -> Result<Node, &'static str> {
        let extended = self.options.extended;
        if self.at_operator('(') {
            self.take_operator('(');
            return self.group();
        }
        if extended && matches!(self.peek(), Some('*' | '+' | '?')) {
            return Err(BAD_REPEAT);
        }
        if extended && self.peek() == Some('{') {
            return Err(BAD_REPEAT);
        }
        let Some(c) = self.next() else { return Ok(Node::Empty) };
        Ok(match c {
            '.' => Node::Any,
            '[' => self.bracket()?,
            '^' if extended || first => Node::At(Place::LineStart),
            '$' if extended
                || self.peek().is_none()
                || self.at_operator(')')
                || self.at_operator('|') =>
            {
                Node::At(Place::LineEnd)
            }
            '\\' => self.escape()?,
            c => Node::Char(c),
        })
    }

    fn group(&mut self) -> Result<Node, &'static str> {
        let number = self.groups;
        self.groups += 1;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(TOO_BIG);
        }
        let inside = self.choice()?;
        if !self.take_operator(')') {
            return Err("Unmatched ( or \\(");
        }
        self.depth -= 1;
        self.closed.push(number);
        Ok(Node::Group(number, Box::new(inside)))
    }

    fn escape(&mut self) -> Result<Node, &'static str> {
        let Some(c) = self.next() else { return Err("Trailing backslash") };
        let class = |parser: &mut Self, class, negated| {
            parser.sets.push(Set { negated, ranges: Vec::new(), classes: vec![class] });
            Node::Set(parser.sets.len() - 1)
        };
        Ok(match c {
            'w' => class(self, Class::Word, false),
            'W' => class(self, Class::Word, true),
            's' => class(self, Class::Space, false),
            'S' => class(self, Class::Space, true),
            'b' => Node::At(Place::WordEdge),
            'B' => Node::At(Place::NoWordEdge),
            '<' => Node::At(Place::WordStart),
            '>' => Node::At(Place::WordEnd),
            '`' => Node::At(Place::TextStart),
            '\'' => Node::At(Place::TextEnd),
            ')' if !self.options.extended => return Err("Unmatched ) or \\)"),
            '1'..='9' => {
                let number = c as usize - '0' as usize;
                if !self.closed.contains(&number) {
                    return Err("Invalid back reference");
                }
                self.has_back_references = true;
                Node::Back(number)
            }
            c => Node::Char(c),
        })
    }

    /// What follows `[`.
    fn bracket(&mut self) -> Result<Node, &'static str> {
        let mut set = Set::default();
        if self.peek().is_none() {
            return Err("Invalid regular expression");
        }
        if self.peek() == Some('^') {
            self.at += 1;
            set.negated = true;
            if self.options.newline {
                set.ranges.push(('\n', '\n'));
            }
            if self.peek().is_none() {
                return Err("Invalid regular expression");
            }
        }
        let mut first = true;
        loop {
            let Some(c) = self.next() else { return Err(UNMATCHED_BRACKET) };
            match c {
                ']' if !first => break,
                '[' if self.peek() == Some(':') => {
                    let name = self.named(':')?;
                    match Class::named(&name) {
                        Some(Class::Upper | Class::Lower) if self.options.ignore_case => {
                            set.classes.push(Class::Alpha);
                        }
                        Some(class) => set.classes.push(class),
                        None => return Err("Invalid character class name"),
                    }
                }
                c => {
                    let low = self.element(c)?;
                    let is_range = self.peek() == Some('-')
                        && self.text.get(self.at + 1).is_some_and(|&next| next != ']');
                    if is_range {
                        self.at += 1;
                        let Some(c) = self.next() else { return Err(UNMATCHED_BRACKET) };
                        let high = self.element(c)?;
                        if high < low {
                            return Err("Invalid range end");
                        }
                        set.ranges.push((low, high));
                    } else {
                        set.ranges.push((low, low));
                    }
                }
            }
            first = false;
        }
        self.sets.push(set);
        Ok(Node::Set(self.sets.len() - 1))
    }

    /// One character of a bracket expression that starts with `c`.
    fn element(&mut self, c: char) -> Result<char, &'static str> {
        match self.peek() {
            Some(kind @ ('.' | '=')) if c == '[' => {
                let name: Vec<char> = self.named(kind)?.chars().collect();
                match name[..] {
                    [c] => Ok(c),
                    _ => Err("Invalid collation character"),
                }
            }
            _ => Ok(c),
        }
    }

    /// The name in `[:name:]` and its kin, behind the opening bracket.
    fn named(&mut self, kind: char) -> Result<String, &'static str> {
        self.at += 1;
        let rest = &self.text[self.at..];
        let end = rest.windows(2).position(|pair| pair == [kind, ']']);
        let Some(end) = end else { return Err(UNMATCHED_BRACKET) };
        self.at += end + 2;
        Ok(rest[..end].iter().collect())
    }
}

struct Emitter {
    steps: Vec<Step>,
    slots: usize,
}

impl Emitter {
    fn push(&mut self, step: Step) -> Result<usize, &'static str> {
        if self.steps.len() >= STEPS_MAX {
            return Err(TOO_BIG);
        }
        self.steps.push(step);
        Ok(self.steps.len() - 1)
    }

    fn node(&mut self, node: &Node) -> Result<(), &'static str> {
        match node {
            Node::Empty => {}
            Node::Char(c) => drop(self.push(Step::Char(*c))?),
            Node::Any => drop(self.push(Step::Any)?),
            Node::Set(n) => drop(self.push(Step::Set(*n))?),
            Node::At(place) => drop(self.push(Step::At(*place))?),
            Node::Back(n) => drop(self.push(Step::Back(*n))?),
            Node::Group(n, inside) => {
                self.push(Step::Save(2 * n))?;
                self.node(inside)?;
                self.push(Step::Save(2 * n + 1))?;
            }
            Node::Sequence(parts) => {
                for part in parts {
                    self.node(part)?;
                }
            }
            Node::Choice(branches) => self.choice(branches)?,
            Node::Repeat(inside, low, high) => self.repeat(inside, *low, *high)?,
        }
        Ok(())
    }

    fn choice(&mut self, branches: &[Node]) -> Result<(), &'static str> {
        let mut ends = Vec::new();
        for (i, branch) in branches.iter().enumerate() {
            if i + 1 == branches.len() {
                self.node(branch)?;
                break;
            }
            let split = self.push(Step::Split(0, 0))?;
            self.node(branch)?;
            ends.push(self.push(Step::Jump(0))?);
            self.steps[split] = Step::Split(split + 1, self.steps.len());
        }
        let end = self.steps.len();
        for at in ends {
            self.steps[at] = Step::Jump(end);
        }
        Ok(())
    }

    fn repeat(
        &mut self,
        inside: &Node,
        low: usize,
        high: Option<usize>,
    ) -> Result<(), &'static str> {
        for _ in 0..low.saturating_sub(usize::from(high.is_none())) {
            self.node(inside)?;
        }
        let Some(high) = high else {
            // At least once if `low` is not zero: the last of the required repetitions is the loop's.
            return self.star(inside, low > 0);
        };
        // An empty pass beyond the required ones leaves the groups as they are: it is not taken.
        let slot = (low > 0 && high > low && is_nullable(inside)).then_some(self.slots);
        self.slots += usize::from(slot.is_some());
        let mut splits = Vec::new();
        for _ in low..high {
            splits.push(self.push(Step::Split(0, 0))?);
            if let Some(slot) = slot {
                self.push(Step::Save(slot))?;
            }
            self.node(inside)?;
            if let Some(slot) = slot {
                self.push(Step::Progress(slot))?;
            }
        }
        let end = self.steps.len();
        for at in splits {
            self.steps[at] = Step::Split(at + 1, end);
        }
        Ok(())
    }

    fn star(&mut self, inside: &Node, once: bool) -> Result<(), &'static str> {
        let nullable = is_nullable(inside);
        let slot = self.slots;
        if nullable {
            self.slots += 1;
        }
        let split = if once { None } else { Some(self.push(Step::Split(0, 0))?) };
        let body = self.steps.len();
        if nullable {
            self.push(Step::Save(slot))?;
        }
        self.node(inside)?;
        if nullable {
            // An empty pass may end the loop, not go round it.
            let exit = self.push(Step::Split(0, 0))?;
            self.push(Step::Progress(slot))?;
            self.push(Step::Jump(body))?;
            self.steps[exit] = Step::Split(exit + 1, self.steps.len());
        } else {
            let at = self.push(Step::Split(0, 0))?;
            self.steps[at] = Step::Split(body, at + 1);
        }
        if let Some(split) = split {
            self.steps[split] = Step::Split(split + 1, self.steps.len());
        }
        Ok(())
    }
}

fn is_nullable(node: &Node) -> bool {
    match node {
        Node::Empty | Node::At(_) | Node::Back(_) => true,
        Node::Char(_) | Node::Any | Node::Set(_) => false,
        Node::Group(_, inside) => is_nullable(inside),
        Node::Sequence(parts) => parts.iter().all(is_nullable),
        Node::Choice(branches) => branches.iter().any(is_nullable),
        Node::Repeat(inside, low, _) => *low == 0 || is_nullable(inside),
    }
}

/// The characters that every match starts with one of.
fn first_chars(node: &Node) -> Option<Vec<char>> {
    match node {
        Node::Char(c) => Some(vec![*c]),
        Node::Group(_, inside) => first_chars(inside),
        Node::Sequence(parts) => first_chars(parts.first()?),
        Node::Choice(branches) => {
            let firsts: Option<Vec<Vec<char>>> = branches.iter().map(first_chars).collect();
            Some(firsts?.concat())
        }
        Node::Repeat(inside, low, _) if *low > 0 => first_chars(inside),
        _ => None,
    }
}
