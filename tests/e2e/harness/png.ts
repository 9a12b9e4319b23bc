/** PNG files (W3C PNG, third edition) of pictures made of numbers. */

import { deflateSync } from "node:zlib"
import type { Pixels } from "../../../client/src/mask/port.ts"

/** A picture as a PNG file, in base64. */
export function png({ data, width, height }: Pixels): string {
  const rows = Buffer.alloc(height * (1 + width * 4)) // each begins with its filter: none
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * width * 4, (y + 1) * width * 4), y * (1 + width * 4) + 1)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 6, 0, 0, 0], 8) // eight bits each of red, green, blue, alpha
  const parts = [chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...parts]).toString("base64")
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data])
  let check = 0xffffffff
  for (const byte of body) {
    check ^= byte
    for (let i = 0; i < 8; i++) check = (check & 1) === 0 ? check >>> 1 : (check >>> 1) ^ 0xedb88320
  }
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length, 0)
  out.set(body, 4)
  out.writeUInt32BE((check ^ 0xffffffff) >>> 0, body.length + 4)
  return out
}
