// A WebSocket server as small as the tests need: text frames of any length, ping, close. No fragmentation.
import { createHash } from "node:crypto";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export function accept(request, socket) {
  const key = createHash("sha1").update(request.headers["sec-websocket-key"] + GUID).digest("base64");
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`);
  const peer = { onmessage: () => {}, onclose: () => {}, send, drop: () => socket.destroy() };
  let held = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on("data", (bytes) => {
    held = Buffer.concat([held, bytes]);
    for (;;) {
      if (held.length < 2) return;
      const opcode = held[0] & 15;
      let length = held[1] & 127;
      let at = 2;
      if (length === 126) { if (held.length < 4) return; length = held.readUInt16BE(2); at = 4; }
      else if (length === 127) { if (held.length < 10) return; length = Number(held.readBigUInt64BE(2)); at = 10; }
      if (held.length < at + 4 + length) return;
      const mask = held.subarray(at, at + 4);
      const body = Buffer.from(held.subarray(at + 4, at + 4 + length));
      for (let i = 0; i < body.length; i++) body[i] ^= mask[i & 3];
      held = held.subarray(at + 4 + length);
      if (opcode === 1) peer.onmessage(JSON.parse(body.toString()));
      else if (opcode === 8) { socket.end(); return; }
      else if (opcode === 9) frame(10, body);
    }
  });
  socket.on("error", () => {});
  socket.on("close", () => peer.onclose());
  function frame(opcode, body) {
    if (socket.destroyed) return;
    const head = body.length < 126 ? Buffer.from([128 | opcode, body.length])
      : body.length < 65536 ? Buffer.from([128 | opcode, 126, body.length >> 8, body.length & 255])
        : Buffer.concat([Buffer.from([128 | opcode, 127]), (() => { const n = Buffer.alloc(8); n.writeBigUInt64BE(BigInt(body.length)); return n; })()]);
    socket.write(Buffer.concat([head, body]));
  }
  function send(message) { frame(1, Buffer.from(JSON.stringify(message))); }
  return peer;
}
