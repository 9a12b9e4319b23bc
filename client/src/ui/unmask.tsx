import type { VNode } from "preact"
import { Dialog } from "./dialog.tsx"
import { Drawn } from "./icons.tsx"
import { Confirm } from "./parts.tsx"
import { Picture } from "./picture.tsx"
import { ownPicture } from "./standing.tsx"
import type { View } from "./view.ts"

/** What the others see now, and what they would see then. The picture without masks is not shown: it exists nowhere but in the masker. */
export const Unmask = ({ view, onClose }: { view: View; onClose: () => void }): VNode => {
  const { state, act, say } = view
  const picture = ownPicture(state)
  const sure = (): void => {
    act({ do: "treat", change: { strength: "off" } })
    onClose()
  }
  return (
    <Dialog kind="unmask" label={say("unmask.ask")} onClose={onClose}>
      <Confirm ask={say("unmask.ask")} name={say("unmask")} about="unmask-then" say={say} onSure={sure} onCancel={onClose}>
        <div class="now-then">
          <figure>
            <div class="preview hued">{picture === null ? <Person masked /> : <Picture stream={picture} mirrored whole={false} />}</div>
            <figcaption>{say("unmask.now")}</figcaption>
          </figure>
          <Drawn icon="next" />
          <figure>
            <div class="preview hued">
              <Person masked={false} />
            </div>
            <figcaption id="unmask-then">{say("unmask.then")}</figcaption>
          </figure>
        </div>
      </Confirm>
    </Dialog>
  )
}

/** Somebody, drawn: with a face, or with a mask in its place. */
const Person = ({ masked }: { masked: boolean }): VNode => (
  <svg class="somebody" viewBox="0 0 160 90" aria-hidden="true" focusable="false">
    <path d="M40 90c0-22 18-30 40-30s40 8 40 30Z" />
    <ellipse cx="80" cy="38" rx="17" ry="21" />
    {masked ? <path class="veil" d="M56 12h48v54H56Z" /> : <path class="features" d="M73 36v1m14-1v1m-7 2v6m-7 6c4 3 10 3 14 0" />}
  </svg>
)
