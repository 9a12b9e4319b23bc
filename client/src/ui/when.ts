/** Moments as a field of type datetime-local has them: the clock of this place, to the minute. */

const MINUTE = 60_000 // ms

/** What the field shows for a moment in ms since 1970; "" for none. */
export function toField(at: number | null): string {
  if (at === null) return ""
  const here = at - new Date(at).getTimezoneOffset() * MINUTE
  return new Date(here).toISOString().slice(0, 16)
}

/** The moment a field holds; null when it is empty or not filled in whole. */
export function fromField(text: string): number | null {
  if (!/^\d{4,6}-\d\d-\d\dT\d\d:\d\d/.test(text)) return null // a browser reads almost anything as a date
  const at = new Date(text).getTime()
  return Number.isNaN(at) ? null : at
}

/** Whether something that holds from one moment until another ever holds. */
export const ever = (from: number | null, until: number | null): boolean => until === null || until > Math.max(from ?? 0, Date.now())
