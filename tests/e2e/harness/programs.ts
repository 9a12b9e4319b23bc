/** Headless people: programs in Go that join a meeting beside the browsers. */

import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process"
import { join } from "node:path"
import { ROOT, type Server } from "./server.ts"

/** Compiles the program of a folder, and returns where it is. */
export function compile(folder: string): string {
  const path = join(ROOT, "bin/e2e", folder.split("/").at(-1) ?? "")
  execFileSync("go", ["build", "-o", path, `./${folder}`], { cwd: ROOT })
  return path
}

/** Starts one on a server whose certificate nobody vouches for. */
export const start = (path: string, server: Server, ...args: readonly string[]): ChildProcessWithoutNullStreams =>
  spawn(path, ["-certificate", join(server.folder, "paravent-data/certificate.pem"), ...args])
