/** A browser as the system sees it: a process and those that it started. */

import { readdirSync, readFileSync } from "node:fs"

interface Process {
  readonly pid: number
  readonly seconds: number // of CPU that it has used
}

/** A process, and all below it. */
function tree(root: number): Process[] {
  const below = new Map<number, Process[]>()
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const fields = readFileSync(`/proc/${entry}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ")
      const parent = Number(fields[1])
      const seconds = (Number(fields[11]) + Number(fields[12])) / 100
      below.set(parent, [...(below.get(parent) ?? []), { pid: Number(entry), seconds }])
    } catch {
      // It has ended meanwhile.
    }
  }
  const all = (of: readonly Process[]): Process[] => of.flatMap((one) => [one, ...all(below.get(one.pid) ?? [])])
  return all([...below.values()].flat().filter(({ pid }) => pid === root))
}

/** CPU seconds that a process and all below it have used. */
export const cpuOf = (root: number): number => tree(root).reduce((sum, { seconds }) => sum + seconds, 0)

/** How long it stands and runs in turns (ms): it has a twentieth of the time. */
const STANDS = 57
const RUNS = 3

/** Gives a process and all below it a twentieth of the time, until what is returned is called. */
export function starve(root: number): () => void {
  let timer: NodeJS.Timeout
  let known: readonly number[] = []
  const all = (signal: "SIGSTOP" | "SIGCONT"): void => {
    for (const pid of known) {
      try {
        process.kill(pid, signal)
      } catch {
        // It has ended meanwhile.
      }
    }
  }
  const stand = (): void => {
    all("SIGSTOP")
    known = tree(root).map(({ pid }) => pid) // while those that are known stand: it takes longer than they run
    all("SIGSTOP")
    timer = setTimeout(run, STANDS)
  }
  const run = (): void => {
    all("SIGCONT")
    timer = setTimeout(stand, RUNS)
  }
  stand()
  return () => {
    clearTimeout(timer)
    all("SIGCONT")
  }
}
