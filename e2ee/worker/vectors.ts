/** For tests alone: hex of vectors. */

import { type Bytes, fromHex } from "./bytes.ts"

export function hex(text: string): Bytes {
  const bytes = fromHex(text)
  if (bytes === null) throw new Error("vectors: not hex")
  return bytes
}
