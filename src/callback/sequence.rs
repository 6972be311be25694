//! What two lists of lines have in common, found as Python's `difflib` finds it (Ratcliff and Obershelp's algorithm):
//! the longest common run first, then what lies to its left and right.

use std::collections::HashMap;

/// A run that both lists have: where in the first, where in the second, how long.
type Match = (usize, usize, usize);

/// What to do with a stretch of the first list to make the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Keep it.
    Equal,
    /// Put the second's lines in its place.
    Replace,
    /// Take it away.
    Delete,
    /// Add the second's lines.
    Insert,
}

/// A change with the ranges it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub change: Change,
    /// From and to in the first list.
    pub a: (usize, usize),
    /// From and to in the second list.
    pub b: (usize, usize),
}

struct Matcher<'a> {
    a: &'a [&'a str],
    b: &'a [&'a str],
    places: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Matcher<'a> {
    fn new(a: &'a [&'a str], b: &'a [&'a str]) -> Matcher<'a> {
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, line) in b.iter().enumerate() {
            places.entry(line).or_default().push(at);
        }
        // lines that stand everywhere in a long text say nothing about where it matches
        if b.len() >= 200 {
            let most = b.len() / 100 + 1;
            places.retain(|_, at| at.len() <= most);
        }
        Matcher { a, b, places }
    }

    /// The longest common run within ranges; the earliest of equally long ones.
    fn longest(&self, (alo, ahi): (usize, usize), (blo, bhi): (usize, usize)) -> Match {
        let (mut i, mut j, mut size) = (alo, blo, 0);
        let mut lengths: HashMap<usize, usize> = HashMap::new();
        for at in alo..ahi {
            let mut longer = HashMap::new();
            for &place in self.places.get(self.a[at]).into_iter().flatten() {
                if place < blo {
                    continue;
                }
                if place >= bhi {
                    break;
                }
                let length = 1 + if place > 0 { lengths.get(&(place - 1)).copied().unwrap_or(0) } else { 0 };
                longer.insert(place, length);
                if length > size {
                    (i, j, size) = (at + 1 - length, place + 1 - length, length);
                }
            }
            lengths = longer;
        }
        while i > alo && j > blo && self.a[i - 1] == self.b[j - 1] {
            (i, j, size) = (i - 1, j - 1, size + 1);
        }
        while i + size < ahi && j + size < bhi && self.a[i + size] == self.b[j + size] {
            size += 1;
        }
        (i, j, size)
    }

    /// All common runs in order, neighbours joined, with an empty one at the end.
    fn matches(&self) -> Vec<Match> {
        let mut found = Vec::new();
        let mut todo = vec![((0, self.a.len()), (0, self.b.len()))];
        while let Some((a, b)) = todo.pop() {
            let (i, j, size) = self.longest(a, b);
            if size == 0 {
                continue;
            }
            found.push((i, j, size));
            if a.0 < i && b.0 < j {
                todo.push(((a.0, i), (b.0, j)));
            }
            if i + size < a.1 && j + size < b.1 {
                todo.push(((i + size, a.1), (j + size, b.1)));
            }
        }
        found.sort_unstable();
        let mut joined: Vec<Match> = Vec::new();
        for (i, j, size) in found {
            match joined.last_mut() {
                Some(last) if last.0 + last.2 == i && last.1 + last.2 == j => last.2 += size,
                _ => joined.push((i, j, size)),
            }
        }
        joined.push((self.a.len(), self.b.len(), 0));
        joined
    }
}

/// The steps that make `b` of `a`.
pub fn steps(a: &[&str], b: &[&str]) -> Vec<Step> {
    let mut steps = Vec::new();
    let (mut i, mut j) = (0, 0);
    for (to_a, to_b, size) in Matcher::new(a, b).matches() {
        let change = match (i < to_a, j < to_b) {
            (true, true) => Some(Change::Replace),
            (true, false) => Some(Change::Delete),
            (false, true) => Some(Change::Insert),
            (false, false) => None,
        };
        if let Some(change) = change {
            steps.push(Step { change, a: (i, to_a), b: (j, to_b) });
        }
        (i, j) = (to_a + size, to_b + size);
        if size > 0 {
            steps.push(Step { change: Change::Equal, a: (to_a, i), b: (to_b, j) });
        }
    }
    steps
}

/// The changes in groups, with up to `context` equal lines around each.
pub fn groups(mut steps: Vec<Step>, context: usize) -> Vec<Vec<Step>> {
    if let Some(first) = steps.first_mut().filter(|step| step.change == Change::Equal) {
        first.a.0 = first.a.0.max(first.a.1.saturating_sub(context));
        first.b.0 = first.b.0.max(first.b.1.saturating_sub(context));
    }
    if let Some(last) = steps.last_mut().filter(|step| step.change == Change::Equal) {
        last.a.1 = last.a.1.min(last.a.0 + context);
        last.b.1 = last.b.1.min(last.b.0 + context);
    }
    let mut groups = Vec::new();
    let mut group: Vec<Step> = Vec::new();
    for step in steps {
        if step.change == Change::Equal && step.a.1 - step.a.0 > 2 * context {
            let (a, b) = (step.a, step.b);
            group.push(Step { a: (a.0, a.1.min(a.0 + context)), b: (b.0, b.1.min(b.0 + context)), ..step });
            groups.push(std::mem::take(&mut group));
            let (a0, b0) = (a.1.saturating_sub(context).max(a.0), b.1.saturating_sub(context).max(b.0));
            group.push(Step { a: (a0, a.1), b: (b0, b.1), ..step });
        } else {
            group.push(step);
        }
    }
    let nothing = group.is_empty() || (group.len() == 1 && group[0].change == Change::Equal);
    if !nothing {
        groups.push(group);
    }
    groups
}
