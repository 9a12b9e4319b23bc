/** What of a stranger's text may be shown (PROTOCOL.md, "Text"). */

const NAME_MAX = 64 // code points

type Ranges = readonly (readonly [first: number, last: number])[]

/** Never shown: controls, marks that turn or isolate the direction of writing, tags, lone surrogates. */
const harmful: Ranges = [
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0x61c, 0x61c],
  [0x200e, 0x200f],
  [0x202a, 0x202e],
  [0x2066, 0x206f],
  [0xd800, 0xdfff],
  [0xfeff, 0xfeff],
  [0xfff0, 0xfffb],
  [0xe0000, 0xe0fff],
]

/** Not shown in names either: line breaks, joiners, zero-width and blank-looking characters. */
const unseen: Ranges = [
  ...harmful,
  [0x09, 0x0a],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200d],
  [0x2028, 0x2029],
  [0x2060, 0x2065],
  [0x2800, 0x2800],
  [0x3164, 0x3164],
  [0xffa0, 0xffa0],
]

const within = (ranges: Ranges, character: string): boolean => {
  const code = character.codePointAt(0) ?? 0
  return ranges.some(([first, last]) => code >= first && code <= last)
}

const without = (ranges: Ranges, text: string): string[] => Array.from(text).filter((character) => !within(ranges, character))

/** A name as it may be shown: NFC, without invisible characters, at most 64 code points. May be empty. */
export function cleanName(name: string): string {
  const visible = without(unseen, name.normalize("NFC")).join("").replace(/\s+/gu, " ").trim()
  return Array.from(visible).slice(0, NAME_MAX).join("").trim()
}

/** A chat line as it may be shown: line breaks, tabs and emoji stay, controls and direction overrides go. */
export const cleanText = (text: string): string => without(harmful, text.replaceAll("\r\n", "\n")).join("")
