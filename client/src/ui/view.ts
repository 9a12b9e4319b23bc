/** What every view is given. */

import type { Action, State } from "../call/state.ts"
import type { Say } from "../i18n.ts"

export interface View {
  readonly state: State
  readonly act: (a: Action) => void
  readonly say: Say
}
