/**
 * Pictures that say whose they are: 8 x 4 black or white blocks hold a
 * person's number (8 bits), a counter of the picture (16) and a check (8).
 * The blocks are large and far apart in brightness, so that they survive a
 * codec at a low bit rate; the check makes a guess of noise unlikely.
 *
 * The functions below also run inside pages, as source text: they stand on
 * nothing but their arguments.
 */

export const COLUMNS = 8
export const ROWS = 4
export const WIDTH = 640
export const HEIGHT = 360

/** What a picture says. */
export interface Coded {
  readonly person: number
  readonly count: number
}

/** The 32 blocks, row by row, true for white. */
export function blocksOf(person: number, count: number): boolean[] {
  const bytes = [person & 255, (count >> 8) & 255, count & 255]
  let check = 0xa5
  for (const byte of bytes) {
    check ^= byte
    for (let i = 0; i < 8; i++) check = (check & 128) === 0 ? (check << 1) & 255 : ((check << 1) ^ 7) & 255
  }
  const blocks: boolean[] = []
  for (const byte of [...bytes, check]) for (let bit = 7; bit >= 0; bit--) blocks.push(((byte >> bit) & 1) === 1)
  return blocks
}

/** Reads the mean brightness (0..255) of each block; null when any is grey or the check does not fit. */
export function readBlocks(brightness: readonly number[], blocks: typeof blocksOf): Coded | null {
  let bits = 0n
  for (const b of brightness) {
    if (b > 90 && b < 165) return null
    bits = (bits << 1n) | (b >= 165 ? 1n : 0n)
  }
  const person = Number(bits >> 24n) & 255
  const count = Number(bits >> 8n) & 65535
  const expected = blocks(person, count)
  return brightness.every((b, i) => b >= 165 === expected[i]) ? { person, count } : null
}

/** A raw video file (YUV4MPEG2, 4:2:0) with the pictures of one person, for Chromium's fake camera. */
export function videoFile(person: number, pictures: number, framesPerSecond: number): Buffer {
  const parts: Buffer[] = [Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F${framesPerSecond}:1 Ip A1:1 C420jpeg\n`)]
  const grey = Buffer.alloc((WIDTH * HEIGHT) / 2, 128)
  for (let count = 0; count < pictures; count++) {
    const blocks = blocksOf(person, count)
    const luma = Buffer.alloc(WIDTH * HEIGHT)
    for (let y = 0; y < HEIGHT; y++) {
      for (let column = 0; column < COLUMNS; column++) {
        const white = blocks[Math.floor((y * ROWS) / HEIGHT) * COLUMNS + column] === true
        const from = y * WIDTH + (column * WIDTH) / COLUMNS
        luma.fill(white ? 235 : 16, from, from + WIDTH / COLUMNS)
      }
    }
    parts.push(Buffer.from("FRAME\n"), luma, grey)
  }
  return Buffer.concat(parts)
}
