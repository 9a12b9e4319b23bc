/** Names for the pictures of the safety code. */

import type { Language } from "../call/state.ts"

const names: ReadonlyMap<string, Readonly<Record<Language, string>>> = new Map()

/** What to call a picture when it is read aloud. */
export const emojiName = (symbol: string, language: Language): string => names.get(symbol)?.[language] ?? symbol

/** The single pictures of a text of pictures. */
export const symbols = (text: string): string[] => Array.from(new Intl.Segmenter().segment(text), (part) => part.segment)
