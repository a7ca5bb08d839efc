//! Forms with files.

/// One field of a form.
#[derive(Debug, PartialEq)]
pub(super) struct Field<'a> {
    pub(super) name: String,
    pub(super) filename: Option<String>,
    pub(super) content: &'a [u8],
}

/// The fields of a form, of which the content type names the boundary.
pub(super) fn fields<'a>(content_type: &str, body: &'a [u8]) -> Option<Vec<Field<'a>>> {
    let boundary = content_type.split_once("boundary=")?.1;
    let boundary = boundary.split(';').next()?.trim().trim_matches('"');
    let mark = format!("--{boundary}");
    let mut rest = &body[find(body, mark.as_bytes())? + mark.len()..];
    let border = format!("\r\n{mark}");
    let mut fields = Vec::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = find(part, border.as_bytes())?;
        fields.push(field(&part[..end])?);
        rest = &part[end + border.len()..];
    }
    Some(fields)
}

fn field(part: &[u8]) -> Option<Field<'_>> {
    let end = find(part, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&part[..end]).ok()?;
    let disposition =
        head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let name = parameter(disposition, "; name=")?;
    let filename = parameter(disposition, "; filename=");
    Some(Field { name, filename, content: &part[end + 4..] })
}

fn parameter(line: &str, key: &str) -> Option<String> {
    let value = line.split_once(key)?.1;
    let quoted = value.strip_prefix('"').and_then(|value| value.split('"').next());
    Some(quoted.or_else(|| value.split(';').next())?.trim().into())
}

/// Where a sequence of bytes begins.
fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    let first = *what.first()?;
    let mut from = 0;
    loop {
        let at = from + text[from..].iter().position(|byte| *byte == first)?;
        if text[at..].starts_with(what) {
            return Some(at);
        }
        from = at + 1;
    }
}
