/** A short soft sound: somebody knocks. Made here, so that no file is fetched. */

/** Two tones, in Hz, and when they begin, in s. */
const TONES = [
  [659.26, 0],
  [523.25, 0.18],
] as const
const LENGTH = 0.5 // of a tone, in s
const LOUDNESS = 0.08 // of 1

/** Not again before this, in ms: a full lobby is one sound. */
const PAUSE_MS = 2500

let last = Number.NEGATIVE_INFINITY

/** Sounds once, unless it just did. Silent where the page may not sound yet. */
export function chime(now: number): void {
  if (now - last < PAUSE_MS) return
  last = now
  try {
    const context = new AudioContext()
    for (const [frequency, at] of TONES) {
      const [tone, gain] = [context.createOscillator(), context.createGain()]
      const begin = context.currentTime + at
      tone.type = "sine"
      tone.frequency.value = frequency
      gain.gain.setValueAtTime(0, begin)
      gain.gain.linearRampToValueAtTime(LOUDNESS, begin + 0.02)
      gain.gain.exponentialRampToValueAtTime(0.0001, begin + LENGTH)
      tone.connect(gain).connect(context.destination)
      tone.start(begin)
      tone.stop(begin + LENGTH)
    }
    setTimeout(() => void context.close(), 1500)
  } catch {
    // No sound on this machine: the lobby's badge says the same.
  }
}
