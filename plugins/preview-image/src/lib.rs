//! Images: format, width and height from the header, and the node that shows one.
//!
//! Must not live here: decoding. Invariant: no more is read of an image than its header takes.

use imagesize::{ImageError, ImageType};
use kamld_sdk::{
    Address, Describe, Description, Error, ObjectReader, Preview, Result, ToDescribe, ToPreview, format,
    view::{self, Tone, View},
};
use std::io::{BufRead, BufReader, Seek};

struct Images;

kamld_sdk::plugin! { describer: Images, preview: Images }

const MEDIA_TYPES: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff"];

/// The header of most images lies within this; one that is larger costs another call.
const HEADER: usize = 16 * 1024;

#[derive(Debug, PartialEq)]
struct Picture {
    format: &'static str,
    width: usize,
    height: usize,
}

impl Describe for Images {
    const MEDIA_TYPES: &[&str] = MEDIA_TYPES;

    fn describe(object: &ToDescribe) -> Result<Description> {
        Ok(described(&object.media_type, open(&object.address)?))
    }
}

impl Preview for Images {
    const MEDIA_TYPES: &[&str] = MEDIA_TYPES;

    fn open(object: &ToPreview) -> Result<View> {
        Ok(drawn(&object.text, object.size, open(&object.address)?))
    }
}

/// The picture, or in words why the bytes are none. An error is one of the host, never of the bytes.
fn open(address: &Address) -> Result<Result<Picture, String>> {
    picture(BufReader::with_capacity(HEADER, ObjectReader::open(address)?))
}

fn picture(mut reader: impl BufRead + Seek) -> Result<Result<Picture, String>> {
    let failed = |error| match error {
        ImageError::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => Err(Error::from(error)),
        ImageError::IoError(_) => Ok("it ends in the middle of its header".to_owned()),
        _ => Ok("its header is not that of an image".to_owned()),
    };
    let kind = match imagesize::reader_type(&mut reader) {
        Ok(kind) => kind,
        Err(error) => return failed(error).map(Err),
    };
    let format = match kind {
        ImageType::Png => "PNG",
        ImageType::Jpeg => "JPEG",
        ImageType::Gif => "GIF",
        ImageType::Webp => "WebP",
        ImageType::Bmp => "BMP",
        ImageType::Tiff => "TIFF",
        _ => return Ok(Err("it is an image of another format".into())),
    };
    reader.rewind()?;
    match imagesize::reader_size(reader) {
        Ok(size) => Ok(Ok(Picture { format, width: size.width, height: size.height })),
        Err(error) => failed(error).map(Err),
    }
}

fn said(media_type: &str) -> String {
    media_type.split(['/', ';']).nth(1).unwrap_or("image").trim().to_uppercase()
}

fn described(media_type: &str, found: Result<Picture, String>) -> Description {
    match found {
        Ok(Picture { format, width, height }) => Description::new(format!("{format}, {width} × {height}"))
            .fact("Width", format!("{width} px"))
            .fact("Height", format!("{height} px")),
        Err(reason) => Description::new(format!("{}, cannot be read", said(media_type))).fact("Reason", reason),
    }
}

fn drawn(address: &str, size: u64, found: Result<Picture, String>) -> View {
    let picture = match found {
        Ok(picture) => picture,
        Err(reason) => {
            return View::new()
                .show(view::text(format!("this image cannot be shown: {reason}")).tone(Tone::Warning))
                .show(view::hint("the file itself is kept as it is").command(format!("kamld get {address}")));
        }
    };
    let Picture { format, width, height } = picture;
    let name = address.rsplit('/').next().unwrap_or(address);
    let facts = [
        view::Fact::new("Format", format),
        view::Fact::new("Width", format!("{width} px")),
        view::Fact::new("Height", format!("{height} px")),
        view::Fact::new("Size", format::bytes(size)),
    ];
    View::new().show(view::image(address, name).width(width as u64).height(height as u64)).show(view::facts(facts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// Signature, length, `IHDR`, width, height: what a PNG starts with.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    #[test]
    fn an_image_is_summed_up_by_format_and_size() {
        let found = picture(Cursor::new(png(640, 480))).unwrap();
        assert_eq!(described("image/png", found).summary(), "PNG, 640 × 480");
        let gif = picture(Cursor::new(b"GIF89a\x02\x00\x03\x00\x00\x00\x00")).unwrap();
        assert_eq!(gif, Ok(Picture { format: "GIF", width: 2, height: 3 }));
    }

    #[test]
    fn bytes_that_are_no_image_say_so_and_are_no_error() {
        for bytes in [&b""[..], b"hello, this is text", &png(640, 480)[..18]] {
            let found = picture(Cursor::new(bytes)).unwrap();
            assert!(found.is_err(), "{bytes:?}");
            assert_eq!(described("image/png", found).summary(), "PNG, cannot be read");
        }
    }

    #[test]
    fn a_preview_points_at_the_picture() {
        let view = drawn("b/s@v1/icon.png", 3969, Ok(Picture { format: "PNG", width: 2, height: 3 }));
        assert_eq!(view.nodes()[0].props["source"], "b/s@v1/icon.png");
        assert_eq!(view.nodes()[0].props["alt"], "icon.png");
    }
}
