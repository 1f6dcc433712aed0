//! Headers of uploads that are nearly right, and archives that a stranger put together by hand.
//!
//! Invariants held here: what is wrong is the client's fault, never the server's; an upload never stands beyond its length
//! and holds what was sent; an archive is written whole or not at all, and nothing of it lies outside the asset.

use crate::running::{Running, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use kamld_fuzz::{cases, check_verdict, corpus, mutated};
use proptest::{collection::vec, option, prelude::*, test_runner::TestRunner};
use reqwest::{
    Body, Method, Response,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use sha2::{Digest, Sha256};
use std::pin::Pin;
use tokio::runtime::Runtime;

fn seeds(subject: &str) -> Vec<(String, Vec<u8>)> {
    corpus(env!("CARGO_MANIFEST_DIR"), subject)
}

type Checked<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Tries the cases of a strategy on one server.
fn against_a_server<S: Strategy>(count: u32, strategy: S, check: impl Fn(&Running, S::Value) -> Checked<'_>) {
    let runtime = Runtime::new().unwrap();
    let running = runtime.block_on(Running::start());
    let tried = TestRunner::new(cases(count)).run(&strategy, |case| {
        runtime.block_on(check(&running, case));
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
}

/// A refusal is the client's fault, and in words.
async fn check_refusal(response: Response) {
    let status = response.status();
    assert!(status.is_client_error(), "{status}: {:?}", response.text().await);
    // Said before the request reaches the server's own code.
    if status == 431 {
        return;
    }
    let body: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert!(!body["detail"].as_str().unwrap().is_empty(), "{body}");
}

/// Lines of `name: value`; a line that no client could send is left out.
fn headers(text: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in text.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let value = line[colon + 1..].trim_ascii();
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(value))
            && (name.as_str().starts_with("upload-") || name.as_str() == "tus-resumable")
        {
            headers.append(name, value);
        }
    }
    headers
}

async fn begin(running: &Running, mut headers: HeaderMap) -> Response {
    if !headers.contains_key("tus-resumable") {
        headers.insert("tus-resumable", HeaderValue::from_static("1.0.0"));
    }
    running.request(Method::POST, "/api/v1/uploads").headers(headers).send().await.unwrap()
}

async fn head(running: &Running, upload: &str) -> Response {
    let response = running.request(Method::HEAD, upload).header("tus-resumable", "1.0.0").send().await.unwrap();
    assert_eq!(response.status(), 200);
    response
}

/// Answers whether the upload was begun.
async fn check_creation(running: &Running, headers: HeaderMap) -> bool {
    let response = begin(running, headers).await;
    if response.status() != 201 {
        check_refusal(response).await;
        return false;
    }
    let told = head(running, &header(&response, "location")).await;
    let number = |name: &str| header(&told, name).parse::<u64>().unwrap();
    let (offset, length) = (number("upload-offset"), number("upload-length"));
    assert_eq!(offset, 0);
    assert!(length <= 1 << 40, "{length}");
    // What the server understood is the same upload again.
    let mut again = HeaderMap::new();
    for name in ["upload-length", "upload-metadata"] {
        again.insert(name, told.headers()[name].clone());
    }
    let second = begin(running, again).await;
    assert_eq!(second.status(), 201);
    let second = head(running, &header(&second, "location")).await;
    assert_eq!(header(&second, "upload-metadata"), header(&told, "upload-metadata"));
    running.host.uploads.lock().clear();
    true
}

#[tokio::test]
async fn the_corpus_of_uploads_is_begun_as_its_names_say() {
    let running = Running::start().await;
    for (name, text) in seeds("tus") {
        check_verdict(&name, check_creation(&running, headers(&text)).await);
    }
}

#[test]
fn an_upload_that_is_nearly_right_is_begun_or_refused() {
    const PIECES: &[&str] = &[
        "upload-length: 5\n",
        "upload-length: 0\n",
        "upload-metadata: ",
        "upload-defer-length: 1\n",
        "tus-resumable: 1.0.0\n",
        "tus-resumable: 1.0.1\n",
        "address ",
        "filetype ",
        "modified ",
        ",",
        " ",
        "\n",
        ":",
        "=",
        "==",
        "-",
        "+",
        "0",
        "9",
        "99999999999999999999",
        "YmlyZHMvc3RyaWtlcy94",
        "Li4v",
        "AA==",
        "\t",
        "\u{7f}",
        "é",
    ];
    against_a_server(400, mutated(seeds("tus"), PIECES), |running, text| {
        Box::pin(async move {
            check_creation(running, headers(&text)).await;
        })
    });
}

/// One request that goes on with an upload.
#[derive(Clone, Debug)]
struct Piece {
    offset: Offset,
    checksum: Checksum,
    length: usize,
    chunked: bool,
}

#[derive(Clone, Debug)]
enum Offset {
    Right,
    Beside(i64),
    Text(String),
    Missing,
}

impl Offset {
    /// What the header says of an upload that stands at a byte.
    fn said(&self, at: usize) -> Option<i64> {
        match self {
            Offset::Right => Some(at as i64),
            Offset::Beside(by) => Some(at as i64 + by),
            Offset::Text(text) => text.trim().parse().ok(),
            Offset::Missing => None,
        }
    }
}

#[derive(Clone, Debug)]
enum Checksum {
    None,
    Right,
    Wrong,
    Text(String),
}

fn piece() -> impl Strategy<Value = Piece> {
    let offset = prop_oneof![
        6 => Just(Offset::Right),
        2 => (-3..4i64).prop_map(Offset::Beside),
        1 => "[-+ 0-9a-fx.]{0,22}|18446744073709551615|9223372036854775807".prop_map(Offset::Text),
        1 => Just(Offset::Missing),
    ];
    let checksum = prop_oneof![
        4 => Just(Checksum::None),
        2 => Just(Checksum::Right),
        1 => Just(Checksum::Wrong),
        1 => "(sha256|md5|SHA256)? ?[A-Za-z0-9+/=]{0,50}".prop_map(Checksum::Text),
    ];
    (offset, checksum, 0..9usize, any::<bool>()).prop_map(|(offset, checksum, length, chunked)| Piece {
        offset,
        checksum,
        length,
        chunked,
    })
}

/// The byte that belongs at a place of an upload: a piece at the wrong place is seen in the object.
fn content(from: usize, length: usize) -> Bytes {
    (from..from + length).map(|at| (at as u8).wrapping_mul(31)).collect()
}

async fn send(running: &Running, upload: &str, at: usize, piece: &Piece) -> Response {
    let body = content(at, piece.length);
    let mut request = running
        .request(Method::PATCH, upload)
        .header("tus-resumable", "1.0.0")
        .header("content-type", "application/offset+octet-stream");
    match &piece.offset {
        Offset::Right => request = request.header("upload-offset", at),
        Offset::Beside(by) => request = request.header("upload-offset", (at as i64 + by).to_string()),
        Offset::Text(text) => request = request.header("upload-offset", text),
        Offset::Missing => {}
    }
    let sum = |bytes: &[u8]| format!("sha256 {}", STANDARD.encode(Sha256::digest(bytes)));
    match &piece.checksum {
        Checksum::None => {}
        Checksum::Right => request = request.header("upload-checksum", sum(&body)),
        Checksum::Wrong => request = request.header("upload-checksum", sum(b"something else")),
        Checksum::Text(text) => request = request.header("upload-checksum", text),
    }
    let body = match piece.chunked {
        true => Body::wrap_stream(futures::stream::iter([Ok::<_, std::io::Error>(body)])),
        false => Body::from(body),
    };
    request.body(body).send().await.unwrap()
}

async fn check_pieces(running: &Running, length: usize, pieces: Vec<Piece>) {
    let told =
        format!("upload-length: {length}\nupload-metadata: address {}\n", STANDARD.encode("birds/strikes/f.bin"));
    let response = begin(running, headers(told.as_bytes())).await;
    let upload = header(&response, "location");
    let mut at = 0;
    for piece in pieces {
        let response = send(running, &upload, at, &piece).await;
        let taken = response.status().is_success();
        if !taken {
            check_refusal(response).await;
        }
        let told = head(running, &upload).await;
        let now: usize = header(&told, "upload-offset").parse().unwrap();
        assert!(now <= length, "{now} of {length} after {piece:?}");
        if taken {
            assert_eq!(piece.offset.said(at), Some(at as i64), "{piece:?} was taken at {at}");
            assert_eq!(now, (at + piece.length).min(length), "{piece:?} at {at} of {length}");
        } else {
            assert_eq!(now, at, "{piece:?}");
        }
        at = now;
    }
    let kept = running.host.objects.lock().values().next().map(|(_, bytes)| bytes.clone());
    assert_eq!(kept, (at == length).then(|| content(0, length)), "an object is what was sent, once it is whole");
    running.host.objects.lock().clear();
    running.host.uploads.lock().clear();
}

#[test]
fn an_upload_stands_where_its_bytes_end_whatever_is_sent() {
    against_a_server(200, (0..12usize, vec(piece(), 0..7)), |running, (length, pieces)| {
        Box::pin(check_pieces(running, length, pieces))
    });
}

/// Answers whether the archive was written.
async fn check_archive(running: &Running, archive: Vec<u8>) -> bool {
    let bytes = Bytes::from(archive);
    let response = running
        .request(Method::POST, "/api/v1/batches/birds/strikes")
        .header("content-type", "application/x-tar")
        .body(bytes.clone())
        .send()
        .await
        .unwrap();
    let asked = std::mem::take(&mut *running.host.asked.lock());
    let objects = std::mem::take(&mut *running.host.objects.lock());
    if response.status() != 200 {
        check_refusal(response).await;
        assert!(asked.is_empty() && objects.is_empty(), "{asked:?}");
        return false;
    }
    assert_eq!(asked, [format!("batch birds/strikes {}", objects.len())]);
    assert!(!objects.is_empty());
    let room: usize = objects.values().map(|(_, body)| 512 + body.len()).sum();
    assert!(room <= bytes.len(), "{room} bytes out of {}", bytes.len());
    for ((_, path), (info, body)) in &objects {
        assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..")), "{path}");
        assert!(!path.chars().any(|c| c.is_control() || c == '\\') && path.len() <= 1024, "{path}");
        assert!(body.is_empty() || bytes.windows(body.len()).any(|part| part == body), "{path}");
        assert!(info.media_type.as_ref().is_none_or(|media| media.bytes().all(|byte| (b' '..=b'~').contains(&byte))));
    }
    true
}

#[tokio::test]
async fn the_corpus_of_archives_is_written_as_its_names_say() {
    let running = Running::start().await;
    for (name, archive) in seeds("tar") {
        check_verdict(&name, check_archive(&running, archive).await);
    }
}

const BLOCK: usize = 512;

/// Makes the sums of all headers right, so that what else is wrong is looked at.
fn sum(archive: &mut [u8]) {
    for header in archive.chunks_exact_mut(BLOCK).filter(|block| block[257..262] == *b"ustar") {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
}

#[test]
fn an_archive_that_is_nearly_right_is_written_whole_or_not_at_all() {
    const PIECES: &[&str] = &[
        "../",
        "/",
        "./",
        "..",
        "\0",
        "\\",
        "ustar\u{0}00",
        "ustar  \u{0}",
        "0",
        "1",
        "2",
        "5",
        "7",
        "L",
        "K",
        "x",
        "g",
        "S",
        "D",
        "77777777777\u{0}",
        "00000000000\u{0}",
        "12 path=../x\n",
        "10 size=9\n",
        "18446744073709551615",
        "é",
        " ",
    ];
    let strategy = (mutated(seeds("tar"), PIECES), any::<bool>());
    against_a_server(500, strategy, |running, (mut archive, right)| {
        Box::pin(async move {
            if right {
                sum(&mut archive);
            }
            check_archive(running, archive).await;
        })
    });
}

/// One entry as its header has it.
#[derive(Clone, Debug)]
struct Entry {
    name: usize,
    prefix: Option<usize>,
    kind: usize,
    body: Vec<u8>,
    /// What the header claims, when it is something else than the body.
    size: Option<u64>,
    records: Vec<(usize, usize)>,
}

const NAMES: &[&str] = &[
    "a",
    "a/b",
    "./a",
    "b/",
    "./",
    "",
    ".",
    "..",
    "../x",
    "a/../../x",
    "/etc/passwd",
    "a//b",
    "a\\b",
    "C:\\x",
    "é",
    "e\u{301}",
    "a\nb",
    "\u{202e}gpj.exe",
    "....",
    "a/.",
    "~/x",
    "-rf",
];
const KINDS: &[u8] = b"00000\x0075123467gxLKSDAZ ";
const KEYS: &[&str] = &[
    "path",
    "size",
    "mtime",
    "KAMLD.media-type",
    "linkpath",
    "GNU.sparse.major",
    "GNU.sparse.name",
    "GNU.sparse.realsize",
    "GNU.sparse.map",
    "hdrcharset",
    "uid",
    "",
    "comment",
];
const VALUES: &[&str] = &[
    "",
    "0",
    "1",
    "5",
    "-1",
    "1.5",
    "-0.0000000009",
    "9223372036854775807.999",
    "-9223372036854775808",
    "99999999999999999999",
    "18446744073709551615",
    "../../x",
    "/x",
    "a\0b",
    "fine/name.csv",
    "text/csv",
    "a/b\r\nc",
    "BINARY",
    "é.5",
    "NaN",
];

fn entry() -> impl Strategy<Value = Entry> {
    (
        0..NAMES.len(),
        option::weighted(0.2, 0..NAMES.len()),
        0..KINDS.len(),
        vec(any::<u8>(), 0..700),
        option::weighted(0.15, prop_oneof![0..2000u64, Just(u64::MAX), Just(1 << 40)]),
        vec((0..KEYS.len(), 0..VALUES.len()), 0..3),
    )
        .prop_map(|(name, prefix, kind, body, size, records)| Entry { name, prefix, kind, body, size, records })
}

fn block(name: &str, prefix: &str, kind: u8, size: u64, body: &[u8]) -> Vec<u8> {
    let mut header = vec![0; BLOCK];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..108].copy_from_slice(b"0000644\0");
    header[136..148].copy_from_slice(b"14524770400\0");
    match size {
        // More than its octal digits hold is written in binary.
        size if size >> 33 > 0 => {
            header[124] = 0x80;
            header[128..136].copy_from_slice(&size.to_be_bytes());
        }
        size => header[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes()),
    }
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[345..345 + prefix.len()].copy_from_slice(prefix.as_bytes());
    header.extend_from_slice(body);
    header.resize(header.len().next_multiple_of(BLOCK), 0);
    header
}

impl Entry {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if !self.records.is_empty() {
            let record = |(key, value): &(usize, usize)| {
                let rest = format!(" {}={}\n", KEYS[*key], VALUES[*value]);
                // The length counts its own digits.
                let length =
                    (1..4).map(|digits| rest.len() + digits).find(|all| all.to_string().len() + rest.len() == *all);
                format!("{}{rest}", length.unwrap())
            };
            let records: String = self.records.iter().map(record).collect();
            bytes.extend(block("PaxHeaders/x", "", b'x', records.len() as u64, records.as_bytes()));
        }
        let prefix = self.prefix.map_or("", |prefix| NAMES[prefix]);
        let size = self.size.unwrap_or(self.body.len() as u64);
        bytes.extend(block(NAMES[self.name], prefix, KINDS[self.kind], size, &self.body));
        bytes
    }
}

#[test]
fn an_archive_out_of_any_entries_is_written_whole_or_not_at_all() {
    let strategy = (vec(entry(), 0..4), 0..4usize);
    against_a_server(500, strategy, |running, (entries, ends)| {
        Box::pin(async move {
            let mut archive: Vec<u8> = entries.iter().flat_map(Entry::bytes).collect();
            archive.resize(archive.len() + ends * BLOCK, 0);
            sum(&mut archive);
            let written = check_archive(running, archive).await;
            let odd = |entry: &Entry| {
                let links = b"12346SDAZ ".contains(&KINDS[entry.kind]);
                // A sparse file is packed: its bytes are not those of the file.
                let sparse = entry.records.iter().any(|(key, _)| KEYS[*key].starts_with("GNU.sparse"));
                links || (sparse && KINDS[entry.kind] == b'0')
            };
            // An entry that claims more than it has takes the headers behind it for its body.
            if ends > 0
                && entries
                    .iter()
                    .all(|entry| entry.size.is_none() && !entry.records.iter().any(|(key, _)| KEYS[*key] == "size"))
            {
                assert!(!written || !entries.iter().any(odd), "{entries:?}");
            }
        })
    });
}
