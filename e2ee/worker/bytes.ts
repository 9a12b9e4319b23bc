/** Byte strings: joining, comparing, and the two text forms the protocol uses. */

/** Bytes in a buffer of their own kind, as WebCrypto wants them (never shared memory). */
export type Bytes = Uint8Array<ArrayBuffer>

/** A copy with a buffer of its own, exactly as long as its content. */
export const own = (bytes: Uint8Array): Bytes => Uint8Array.from(bytes)

export const ascii = (text: string): Bytes => new TextEncoder().encode(text)

export function concat(...parts: readonly Uint8Array[]): Bytes {
  let size = 0
  for (const part of parts) size += part.length
  const joined = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** Whether both hold the same bytes. Not constant in time: for public values only. */
export const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])

/** `value` as `size` bytes, most significant first. It must fit. */
export function bigEndian(value: bigint, size: number): Bytes {
  if (value < 0n || value >> BigInt(8 * size) !== 0n) throw new RangeError("bytes: number does not fit")
  const bytes = new Uint8Array(size)
  let rest = value
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

export const toHex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("")

/** Null unless `text` is lower-case hex of whole bytes. */
export function fromHex(text: string): Bytes | null {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return null
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
}

/** base64url without padding (RFC 4648, section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  let binary = ""
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
}

/** Null unless `text` is the one canonical base64url spelling of its bytes: no padding, unused bits zero. */
export function fromBase64Url(text: string): Bytes | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"))
  const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0))
  return toBase64Url(bytes) === text ? bytes : null
}
