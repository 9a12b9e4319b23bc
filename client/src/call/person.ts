/** A person's id: 16 bytes on the wire, lower-case hex in the page. */

import { type Bytes, fromHex } from "../../../e2ee/worker/bytes.ts"

export { toHex as personId } from "../../../e2ee/worker/bytes.ts"

/** The wire's form of an id that came from there. */
export function personBytes(id: string): Bytes {
  const bytes = fromHex(id)
  if (bytes === null) throw new RangeError("person: not an id")
  return bytes
}
