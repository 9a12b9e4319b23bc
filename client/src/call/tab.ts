/**
 * What this tab remembers, in its session storage and nowhere else: it goes
 * when the tab closes, and no other tab sees it. The link stands here instead
 * of the address bar and the history.
 */

import type { Preferences, Treated } from "./masking.ts"
import type { Language, Theme } from "./state.ts"

const KEY = "paravent"

/** How long after it was left a page counts as reloaded, in ms: the resume time of the server. */
const RETURN_MS = 30_000

/** What a reloaded page needs to come back by itself. */
interface Return {
  readonly stay: string // as stay.ts writes it
  readonly name: string
  readonly microphone: boolean
  readonly camera: Treated | null // null: it was off
  readonly at: number
}

export interface Kept {
  readonly link?: string // the fragment of the link that is open
  readonly shared?: string // the fragment of the one that participants are given
  readonly language?: Language
  readonly theme?: Theme
  readonly masking?: Preferences
  readonly back?: Return
}

export function kept(): Kept {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "{}")
    return typeof value === "object" && value !== null ? (value as Kept) : {}
  } catch {
    return {} // storage is switched off or was tampered with: the tab forgets
  }
}

/** Changes what is kept; undefined forgets a member. */
export function keep(change: { [K in keyof Kept]?: Kept[K] | undefined }): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...kept(), ...change }))
  } catch {
    // As above: everything works but a reload.
  }
}

/**
 * The way back, once: only for a page that was reloaded just now. It is
 * written when a page goes away, so that a duplicated tab does not have it.
 */
export function takeReturn(now: number): Return | null {
  const { back } = kept()
  keep({ back: undefined })
  const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[]
  if (back === undefined || navigation?.type !== "reload") return null
  return now - back.at >= 0 && now - back.at < RETURN_MS ? back : null
}

/** Takes the link out of the address bar and this tab's history. The fragment, or "" if there is none. */
export function takeFragment(): string {
  const { hash, pathname } = location
  if (hash !== "") history.replaceState(null, "", pathname)
  return hash
}
