/** How a person looks without a picture. */

/** A colour's hue in degrees: the same for the same id, for everybody. */
export const hue = (person: string): number => ((Number.parseInt(person.slice(0, 6), 16) || 0) * 137.508) % 360

/** First letters of the first and the last word, at most two; "" for no name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u)
  const ends = words.length > 1 ? [words[0], words.at(-1)] : [words[0]]
  return ends
    .map((word) => Array.from(word ?? "")[0] ?? "")
    .join("")
    .toLocaleUpperCase()
}
