//! Files.

use super::*;

#[test]
fn files_are_kept_listed_and_deleted() {
    let double = Double::start(Manner::default());
    let file = upload(&double, "batch", "{\"a\": 1}\r\n--XyX\n").unwrap();
    assert_eq!((&file["id"], &file["filename"]), (&json!("file-1"), &json!("a.jsonl")));
    assert_eq!((&file["purpose"], &file["bytes"]), (&json!("batch"), &json!(16)));
    upload(&double, "fine-tune", "x");
    assert_eq!(get(&double, "/v1/files/file-1"), file);
    let (_, content) = raw(&double, "GET /v1/files/file-1/content HTTP/1.1", b"").unwrap();
    assert_eq!(content, "{\"a\": 1}\r\n--XyX\n");
    let page = get(&double, "/v1/files?limit=1");
    assert_eq!((&page["data"][0]["id"], &page["has_more"]), (&json!("file-2"), &json!(true)));
    assert_eq!(get(&double, "/v1/files?purpose=batch")["data"], json!([file]));
    assert_eq!(send(&double, "DELETE", "/v1/files/file-1", "").1["deleted"], true);
    assert_eq!(send(&double, "GET", "/v1/files/file-1", "").0, 404);
    assert_eq!(double.state().files.len(), 1);
}

#[test]
fn a_lost_reply_leaves_the_file() {
    let double = Double::start(Manner::default());
    double.lose_next_file();
    assert_eq!(upload(&double, "batch", "x"), None);
    assert_eq!(get(&double, "/v1/files")["data"][0]["id"], "file-1");
    assert!(upload(&double, "batch", "x").is_some());
}
