/**
 * The group worker: gives the state machine of group.ts a Worker to live in.
 *
 * Built by esbuild as one module without any flag beyond
 * `--bundle --minify --format=esm --target=es2022`: mls-suite.ts keeps the
 * other cipher suites of ts-mls, and with them its optional packages and
 * dynamic imports, out of the bundle.
 */

import { GroupMachine } from "./group.ts"
import type { FromGroup, Keys, ToGroup } from "./port.ts"

let port: MessagePort | null = null

const machine = new GroupMachine({
  tell: (message: FromGroup) => self.postMessage(message),
  keys: (keys: Keys) => port?.postMessage(keys),
  now: () => performance.now(),
  date: () => Date.now(),
  after: (ms, call) => void setTimeout(call, ms),
})

self.onmessage = (event: MessageEvent<ToGroup>) => {
  const message = event.data
  // Never rejects; what comes of it is told.
  const done = machine.take(message)
  if (message.do !== "open") return
  port ??= message.keys
  const { link, stay } = message
  void done.then(() => {
    // Copies of what the machine keeps as long as it needs it, or has derived keys from.
    for (const secret of [
      link.secret,
      link.moderator,
      link.generation?.secret,
      link.ticket?.secret,
      link.rules?.passphrase,
      stay?.seed,
      stay?.passphrase,
    ])
      secret?.fill(0)
  })
}
