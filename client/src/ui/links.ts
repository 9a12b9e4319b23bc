/** Finds web addresses in what somebody wrote. */

interface Piece {
  readonly text: string
  readonly href: string | null // null: plain text
}

const ADDRESS = /https?:\/\/[^\s<>"'`]+/giu

/** Closes a sentence rather than an address. */
const TRAILING = /[.,;:!?…)\]}»”’]+$/u

/**
 * The address a piece of text may lead to: http and https only, and none that
 * shows one host before an @ and goes to another. Null: not an address.
 */
function address(text: string): string | null {
  try {
    const url = new URL(text)
    if (url.protocol !== "https:" && url.protocol !== "http:") return null
    return url.username === "" && url.password === "" ? url.href : null
  } catch {
    return null
  }
}

/** Cuts a text into plain pieces and addresses; put together again they are the text. */
export function pieces(text: string): Piece[] {
  const out: Piece[] = []
  let end = 0
  for (const match of text.matchAll(ADDRESS)) {
    const found = match[0].replace(TRAILING, "")
    const href = address(found)
    if (href === null) continue
    if (match.index > end) out.push({ text: text.slice(end, match.index), href: null })
    out.push({ text: found, href })
    end = match.index + found.length
  }
  if (end < text.length) out.push({ text: text.slice(end), href: null })
  return out
}
