//! Finding out what an object is, by its name and its first bytes.
//!
//! A name is believed unless the bytes are plainly of another binary format.

/// First bytes that are enough to find out.
pub const HEAD: usize = 512;

/// The media type of an object named `name` that starts with `head`.
pub fn media_type(name: &str, head: &[u8]) -> &'static str {
    let by_name = by_name(name);
    let by_magic = by_magic(head);
    match (by_name, by_magic) {
        (Some(name), Some(magic)) if magic == name || is_container(magic) => name,
        // Some formats have no magic of their own and may start with anything; text formats cannot start so.
        (Some(name), Some(magic)) if is_text(name) || has_magic(name) => magic,
        (Some(name), _) => name,
        (None, Some(magic)) => magic,
        (None, None) if looks_like_text(head) => "text/plain",
        (None, None) => "application/octet-stream",
    }
}

fn by_name(name: &str) -> Option<&'static str> {
    let file = name.rsplit('/').next().unwrap_or(name);
    let (_, ending) = file.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    TYPES.iter().find(|(known, _)| *known == ending).map(|(_, media)| *media)
}

const TYPES: &[(&str, &str)] = &[
    ("csv", "text/csv"),
    ("tsv", "text/tab-separated-values"),
    ("tab", "text/tab-separated-values"),
    ("json", "application/json"),
    ("jsonl", "application/x-ndjson"),
    ("ndjson", "application/x-ndjson"),
    ("geojson", "application/geo+json"),
    ("topojson", "application/json"),
    ("ipynb", "application/x-ipynb+json"),
    ("parquet", "application/vnd.apache.parquet"),
    ("arrow", "application/vnd.apache.arrow.file"),
    ("feather", "application/vnd.apache.arrow.file"),
    ("arrows", "application/vnd.apache.arrow.stream"),
    ("avro", "application/vnd.apache.avro"),
    ("orc", "application/vnd.apache.orc"),
    ("txt", "text/plain"),
    ("text", "text/plain"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("markdown", "text/markdown"),
    ("rst", "text/x-rst"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("css", "text/css"),
    ("js", "text/javascript"),
    ("xml", "application/xml"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("toml", "application/toml"),
    ("ini", "text/plain"),
    ("sql", "application/sql"),
    ("py", "text/x-python"),
    ("r", "text/x-r"),
    ("rs", "text/x-rust"),
    ("sh", "text/x-shellscript"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("svg", "image/svg+xml"),
    ("bmp", "image/bmp"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("ico", "image/vnd.microsoft.icon"),
    ("avif", "image/avif"),
    ("wav", "audio/wav"),
    ("mp3", "audio/mpeg"),
    ("flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("mp4", "video/mp4"),
    ("webm", "video/webm"),
    ("pdf", "application/pdf"),
    ("zip", "application/zip"),
    ("gz", "application/gzip"),
    ("tgz", "application/gzip"),
    ("bz2", "application/x-bzip2"),
    ("xz", "application/x-xz"),
    ("zst", "application/zstd"),
    ("tar", "application/x-tar"),
    ("7z", "application/x-7z-compressed"),
    ("wasm", "application/wasm"),
    ("h5", "application/x-hdf5"),
    ("hdf5", "application/x-hdf5"),
    ("keras", "application/zip"),
    ("npy", "application/x-npy"),
    ("npz", "application/x-npz"),
    ("pt", "application/x-pytorch"),
    ("pth", "application/x-pytorch"),
    ("onnx", "application/x-onnx"),
    ("tflite", "application/x-tflite"),
    ("pb", "application/x-protobuf"),
    ("pkl", "application/x-pickle"),
    ("joblib", "application/x-pickle"),
    ("safetensors", "application/x-safetensors"),
    ("gguf", "application/x-gguf"),
    ("tfrecord", "application/x-tfrecord"),
    ("sqlite", "application/vnd.sqlite3"),
    ("db", "application/octet-stream"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("xls", "application/vnd.ms-excel"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("shp", "application/vnd.shp"),
];

/// Formats by the bytes that they start with.
const MAGIC: &[(&[u8], &str)] = &[
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"ARROW1", "application/vnd.apache.arrow.file"),
    (b"Obj\x01", "application/vnd.apache.avro"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x00asm", "application/wasm"),
    (b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (b"\x93NUMPY", "application/x-npy"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"GGUF", "application/x-gguf"),
];

fn by_magic(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"RIFF") {
        return match head.get(8..12) {
            Some(b"WAVE") => Some("audio/wav"),
            Some(b"WEBP") => Some("image/webp"),
            _ => None,
        };
    }
    let found = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, media)| *media);
    // `BZh`, `ID3` and `GGUF` are also letters that a text may begin with.
    found.filter(|_| head.len() < 16 || !looks_like_text(head) || head.starts_with(b"%PDF-"))
}

/// Formats that are built on another one's container: the name knows better.
fn is_container(media: &str) -> bool {
    matches!(media, "application/zip" | "application/gzip" | "application/x-hdf5" | "application/vnd.sqlite3")
}

fn is_text(media: &str) -> bool {
    media.starts_with("text/")
        || media.contains("json")
        || matches!(
            media,
            "application/xml" | "application/yaml" | "application/toml" | "application/sql" | "image/svg+xml"
        )
}

fn has_magic(media: &str) -> bool {
    MAGIC.iter().any(|(_, known)| *known == media) || matches!(media, "audio/wav" | "image/webp")
}

/// UTF-8 (perhaps cut within a character at the end) without control characters but white space.
fn looks_like_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{1b}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bytes_tell_what_an_object_is() {
        for (name, head, media) in [
            ("a.csv", &b"x,y\n1,2\n"[..], "text/csv"),
            ("a.CSV", b"", "text/csv"),
            ("a.tsv", b"x\ty\n", "text/tab-separated-values"),
            ("a.jsonl", b"{}\n{}", "application/x-ndjson"),
            ("a.parquet", b"PAR1\x15\x04\x15", "application/vnd.apache.parquet"),
            ("a.csv", b"PAR1\x15\x04\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00", "application/vnd.apache.parquet"),
            ("a.png", b"\xff\xd8\xff\xe0", "image/jpeg"),
            ("photo", b"\x89PNG\r\n\x1a\n", "image/png"),
            ("a.xlsx", b"PK\x03\x04\x14", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            ("a.feather", b"ARROW1\x00\x00", "application/vnd.apache.arrow.file"),
            ("README", b"hello \xc3\xa9\xc3", "text/plain"),
            ("README", b"ID3 is a tree learner, GGUF is not", "text/plain"),
            ("blob", b"\x00\x01\x02", "application/octet-stream"),
            ("v1.2/x", b"", "text/plain"),
        ] {
            assert_eq!(media_type(name, head), media, "{name} {head:?}");
        }
    }
}
