/** Passphrases that can be said on the telephone. */

const HARD = "bdfghjklmnprstwz" // 16
const SOFT = "aeiou" // 5
const SYLLABLES = 9 // 80^9: 56 bits, and each guess costs the guesser an Argon2id

/** A fresh one in three parts, such as "takofi-luzemo-nipada". */
export function suggest(): string {
  const random = crypto.getRandomValues(new Uint16Array(2 * SYLLABLES)) // 65536 is 1 beyond a multiple of 5: no bias that matters
  const letters = Array.from(random, (n, i) => (i % 2 === 0 ? HARD[n % 16] : SOFT[n % 5])).join("")
  return letters.replace(/.{6}(?=.)/g, "$&-")
}
