import type { VNode } from "preact"
import type { RoomRules } from "../call/state.ts"
import { UnmoderatedChoice } from "./options.tsx"
import { Button, Switch, Twice } from "./parts.tsx"
import type { View } from "./view.ts"

/** What moderators need at once. */
export const QuickTools = ({ state, act, say }: View): VNode => {
  const { locked } = state.moderation.rules
  return (
    <div class="quick">
      <Button
        icon={locked ? "unlock" : "lock"}
        onClick={() => act({ do: "order", order: { order: "rules", change: { locked: !locked } } })}
      >
        {say(locked ? "tools.unlock" : "tools.lock")}
      </Button>
      <Button icon="microphone-off" onClick={() => act({ do: "order", order: { order: "stop", person: null, source: "microphone" } })}>
        {say("tools.mute-all")}
      </Button>
    </div>
  )
}

/** The rules that can be changed while people are there. In this order on the page. */
const rules = ["lobby", "quiet", "chat", "share", "tickets", "verify", "masked"] as const satisfies readonly (keyof RoomRules)[]

/** Everything else moderators decide for the whole meeting. */
export const Rules = (view: View): VNode => {
  const { state, act, say } = view
  const now = state.moderation.rules
  const change = (next: Partial<Pick<RoomRules, (typeof rules)[number] | "locked" | "unmoderated">>): void =>
    act({ do: "order", order: { order: "rules", change: next } })
  return (
    <details class="section">
      <summary>{say("tools.rules")}</summary>
      <div class="section-body">
        {rules.map((rule) => (
          <Switch
            key={rule}
            id={`room-${rule}`}
            label={say(`rule.${rule}`)}
            hint={say(`rule.${rule}-more`)}
            on={now[rule]}
            onTurn={(on) => change({ [rule]: on })}
          />
        ))}
        <UnmoderatedChoice view={view} value={now.unmoderated} onChoose={(unmoderated) => change({ unmoderated })} />
        {now.passphrase && <p class="hint">{say("tools.passphrase")}</p>}
        {!(now.locked && now.verify) && (
          <>
            <Button icon="shield" onClick={() => change({ locked: true, verify: true })}>
              {say("tools.verify")}
            </Button>
            <p class="hint">{say("tools.verify-more")}</p>
          </>
        )}
      </div>
    </details>
  )
}

export const EndForAll = ({ act, say }: View): VNode => (
  <Twice
    name={say("tools.end")}
    ask={say("tools.end-ask")}
    icon="leave"
    say={say}
    onSure={() => act({ do: "order", order: { order: "end" } })}
  />
)
