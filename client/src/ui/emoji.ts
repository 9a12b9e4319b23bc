/** Names for the pictures of the safety code. */

import { EMOJI } from "../../../e2ee/worker/emoji.ts"
import type { Language } from "../call/state.ts"

const named = new Map(EMOJI.map((emoji) => [emoji.symbol, emoji]))

/** What to call a picture when it is read aloud. */
export const emojiName = (symbol: string, language: Language): string => named.get(symbol)?.[language] ?? symbol

/** The single pictures of a text of pictures. */
export const symbols = (text: string): string[] => Array.from(new Intl.Segmenter().segment(text), (part) => part.segment)
