/** Time that is left, on the page. */

import { useEffect, useState } from "preact/hooks"
import type { Say } from "../i18n.ts"

const left = (until: number): number => Math.max(0, Math.ceil((until - Date.now()) / 1000))

/** Seconds until a moment (ms since 1970), counted down; 0 when it is past. */
export function useSecondsTo(until: number): number {
  const [, tick] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => {
      tick(left(until))
      if (left(until) === 0) clearInterval(timer)
    }, 1000)
    return () => clearInterval(timer)
  }, [until])
  return left(until)
}

/** Seconds in words: minutes as long as a second more or less does not matter. */
export const words = (seconds: number, say: Say): string =>
  seconds >= 100 ? say("time.minutes.other", { n: Math.round(seconds / 60) }) : say("time.seconds.other", { n: seconds })
