/**
 * The bytes in front of a sealed frame that packetizers and depacketizers want
 * to read (PROTOCOL.md, "Shims"). They are made up: none is real media but the
 * picture size of a VP8 key frame.
 */

import { type Bytes, concat } from "./bytes.ts"

export type Codec = "opus" | "VP8" | "VP9" | "AV1"

const vp8Delta = Uint8Array.of(0x11) // RFC 7741, section 4.3: not a key frame, shown
const vp8Key = Uint8Array.of(0x10, 0, 0, 0x9d, 1, 0x2a) // key frame, shown, start code; the size follows
const VP8_KEY_SIZE = 10
const VP8_DELTA_BIT = 1 // of the first byte

const AV1_KEY = 0x08 // OBU header: sequence header, no extension, no size field
const AV1_DELTA = 0x30 // OBU header: frame
const AV1_HAS_SIZE = 0x02
const LEB128_MAX = 4 // bytes; 2^28 is beyond any frame

/** The codec of a frame from its MIME type; null for one that Paravent does not carry. */
export function codecOf(mimeType: string | undefined, kind: "audio" | "video"): Codec | null {
  const type = mimeType?.toLowerCase()
  if (kind === "audio") return type === undefined || type === "audio/opus" ? "opus" : null
  if (type === "video/vp8") return "VP8"
  if (type === "video/vp9") return "VP9"
  return type === "video/av1" ? "AV1" : null
}

const startsWith = (bytes: Uint8Array, prefix: Uint8Array, from: number): boolean =>
  prefix.every((byte, i) => i < from || bytes[i] === byte)

/** The shim for an encoded frame; null when the frame cannot be one of `codec`. */
export function makeShim(codec: Codec, frame: Uint8Array, key: boolean): Bytes | null {
  if (codec === "AV1") return Uint8Array.of(key ? AV1_KEY : AV1_DELTA)
  if (codec !== "VP8") return new Uint8Array()
  if (!key) return vp8Delta.slice()
  const real = frame.length >= VP8_KEY_SIZE && startsWith(frame, vp8Key, 3)
  return real ? concat(vp8Key, frame.subarray(6, VP8_KEY_SIZE)) : null
}

/** What came in: the shim as the sender made it, and the SFrame ciphertext behind it. */
interface Split {
  readonly shim: Bytes
  readonly sealed: Bytes
}

function splitVp8(wire: Bytes): Split | null {
  const first = wire[0]
  if (first === undefined) return null
  const delta = (first & VP8_DELTA_BIT) !== 0
  const size = delta ? 1 : VP8_KEY_SIZE
  if (wire.length < size || !startsWith(wire, delta ? vp8Delta : vp8Key, 0)) return null
  return { shim: wire.slice(0, size), sealed: wire.subarray(size) }
}

/** The end of a shortest leb128 number at `from` that counts exactly what follows it; null for all else. */
function endOfSize(wire: Uint8Array, from: number): number | null {
  let value = 0
  for (let i = 0; i < LEB128_MAX; i++) {
    const byte = wire[from + i]
    if (byte === undefined) return null
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte >= 0x80) continue
    const end = from + i + 1
    return (byte !== 0 || i === 0) && value === wire.length - end ? end : null
  }
  return null
}

/** A depacketizer sets the size bit and writes the size: both are undone. */
function splitAv1(wire: Bytes): Split | null {
  const first = wire[0]
  if (first === undefined) return null
  const header = first & ~AV1_HAS_SIZE
  if (header !== AV1_KEY && header !== AV1_DELTA) return null
  const end = first === header ? 1 : endOfSize(wire, 1)
  return end === null ? null : { shim: Uint8Array.of(header), sealed: wire.subarray(end) }
}

/** Takes a received frame apart; null when its shim is not exactly one that makeShim makes. */
export function splitShim(codec: Codec, wire: Bytes): Split | null {
  if (codec === "VP8") return splitVp8(wire)
  if (codec === "AV1") return splitAv1(wire)
  return { shim: new Uint8Array(), sealed: wire }
}
