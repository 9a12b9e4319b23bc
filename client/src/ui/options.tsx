import type { VNode } from "preact"
import type { MeetingRules, Unmoderated } from "../call/state.ts"
import { Button, Choice, Switch } from "./parts.tsx"
import { suggest } from "./passphrase.ts"
import type { View } from "./view.ts"
import { ever, fromField, toField } from "./when.ts"

const LONGEST_PASSPHRASE = 200 // characters
const LONGEST_HOST = 1000 // characters of a host token

const unmoderated: readonly Unmoderated[] = ["lock", "continue", "end"]

/** Whether these rules can be kept at all. */
export const possible = (rules: MeetingRules): boolean => ever(rules.from, rules.until)

/** Everything that protects, at once. */
const isHigh = (rules: MeetingRules): boolean => rules.lobby && rules.tickets && rules.verify && rules.passphrase.trim() !== ""

/** How the meeting is to be. It is part of the moderator link, so it is chosen before. */
export const Options = ({ view, rules }: { view: View; rules: MeetingRules }): VNode => {
  const { act, say } = view
  const set = (change: Partial<MeetingRules>): void => act({ do: "rules", rules: { ...rules, ...change } })
  const strengthen = (on: boolean): void =>
    set(
      on
        ? { lobby: true, tickets: true, verify: true, passphrase: rules.passphrase || suggest() }
        : { tickets: false, verify: false, passphrase: "" },
    )
  return (
    <details class="options">
      <summary>{say("options")}</summary>
      <div class="options-body">
        <Switch id="rule-high" label={say("options.high")} hint={say("options.high-more")} on={isHigh(rules)} onTurn={strengthen} />
        <hr />
        <Switch
          id="rule-lobby"
          label={say("rule.lobby")}
          hint={say("rule.lobby-more")}
          on={rules.lobby}
          onTurn={(lobby) => set({ lobby })}
        />
        <Switch
          id="rule-tickets"
          label={say("rule.tickets")}
          hint={say("rule.tickets-more")}
          on={rules.tickets}
          onTurn={(tickets) => set({ tickets })}
        />
        <Switch
          id="rule-verify"
          label={say("rule.verify")}
          hint={say("rule.verify-more")}
          on={rules.verify}
          onTurn={(verify) => set({ verify })}
        />
        <Switch
          id="rule-masked"
          label={say("rule.masked")}
          hint={say("rule.masked-more")}
          on={rules.masked}
          onTurn={(masked) => set({ masked })}
        />
        <Passphrase view={view} rules={rules} set={set} />
        <UnmoderatedChoice view={view} value={rules.unmoderated} onChoose={(next) => set({ unmoderated: next })} />
        <Period view={view} rules={rules} set={set} />
        <div class="field">
          <label for="rule-host">{say("host")}</label>
          <input
            id="rule-host"
            value={rules.host}
            maxLength={LONGEST_HOST}
            onInput={(e) => set({ host: e.currentTarget.value.trim() })}
            autocomplete="off"
            spellcheck={false}
            aria-describedby="rule-host-hint"
          />
          <p class="hint" id="rule-host-hint">
            {say("host.more")}
          </p>
        </div>
      </div>
    </details>
  )
}

/** What happens once no moderator is in. */
export const UnmoderatedChoice = ({
  view: { say },
  value,
  onChoose,
}: {
  view: View
  value: Unmoderated
  onChoose: (value: Unmoderated) => void
}): VNode => (
  <Choice
    id="rule-unmoderated"
    label={say("rule.unmoderated")}
    value={value}
    options={unmoderated.map((choice) => [choice, say(`unmoderated.${choice}`)])}
    onChoose={onChoose}
  />
)

interface PartProps {
  readonly view: View
  readonly rules: MeetingRules
  readonly set: (change: Partial<MeetingRules>) => void
}

const Passphrase = ({ view: { say }, rules, set }: PartProps): VNode => (
  <div class="field">
    <label for="rule-passphrase">{say("passphrase")}</label>
    <div class="row wrap">
      <input
        id="rule-passphrase"
        value={rules.passphrase}
        maxLength={LONGEST_PASSPHRASE}
        onInput={(e) => set({ passphrase: e.currentTarget.value })}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        placeholder={say("passphrase.none")}
        aria-describedby="rule-passphrase-hint"
      />
      <Button onClick={() => set({ passphrase: suggest() })}>{say("passphrase.suggest")}</Button>
    </div>
    <p class="hint" id="rule-passphrase-hint">
      {say("passphrase.more")}
    </p>
  </div>
)

const Period = ({ view: { say }, rules, set }: PartProps): VNode => (
  <fieldset class="period">
    <legend>{say("period")}</legend>
    <div class="row wrap">
      <Moment id="rule-from" label={say("period.from")} at={rules.from} onSet={(from) => set({ from })} />
      <Moment id="rule-until" label={say("period.until")} at={rules.until} wrong={!possible(rules)} onSet={(until) => set({ until })} />
    </div>
    <p class="hint" role="status">
      {possible(rules) ? say("period.more") : <b class="wrong">{say("period.wrong")}</b>}
    </p>
  </fieldset>
)

interface MomentProps {
  readonly id: string
  readonly label: string
  readonly at: number | null
  readonly wrong?: boolean
  readonly onSet: (at: number | null) => void
}

/** A day and a time of day, or none. */
export const Moment = ({ id, label, at, wrong = false, onSet }: MomentProps): VNode => (
  <div class="field">
    <label for={id}>{label}</label>
    <input
      id={id}
      type="datetime-local"
      defaultValue={toField(at)}
      aria-invalid={wrong || undefined}
      onChange={(e) => onSet(fromField(e.currentTarget.value))}
    />
  </div>
)
