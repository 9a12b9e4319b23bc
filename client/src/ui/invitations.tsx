import type { VNode } from "preact"
import { useRef, useState } from "preact/hooks"
import type { Invitation } from "../call/state.ts"
import { day } from "../i18n.ts"
import { Moment } from "./options.tsx"
import { Button, Choice, Switch, Twice } from "./parts.tsx"
import type { View } from "./view.ts"
import { ever } from "./when.ts"

const LONGEST_LABEL = 63 // bytes

/** The label as a ticket can hold it: at most 63 bytes, no half characters. */
export function fitting(label: string): string {
  const { read } = new TextEncoder().encodeInto(label.trim(), new Uint8Array(LONGEST_LABEL))
  return label.trim().slice(0, read)
}

interface Props {
  readonly view: View
  readonly invitations: readonly Invitation[]
  readonly revocable: boolean // only in a call is there anybody to tell
}

/** Links for one person each, or for a known circle. */
export const Invitations = ({ view, invitations, revocable }: Props): VNode => (
  <div class="invitations">
    <Form {...view} />
    {invitations.length > 0 && (
      // biome-ignore lint/a11y/noRedundantRoles: Safari drops the role of a list without bullets
      <ul role="list" aria-label={view.say("invite.title")}>
        {invitations.map((invitation) => (
          <Item key={invitation.id} invitation={invitation} view={view} revocable={revocable} />
        ))}
      </ul>
    )}
    <p class="hint">{view.say("invite.kept")}</p>
  </div>
)

const Form = ({ act, say }: View): VNode => {
  const label = useRef<HTMLInputElement>(null)
  const [once, setOnce] = useState(true)
  const [viewer, setViewer] = useState(false)
  const [from, setFrom] = useState<number | null>(null)
  const [until, setUntil] = useState<number | null>(null)
  const wrong = !ever(from, until)
  const make = (event: Event): void => {
    event.preventDefault()
    const field = label.current
    if (field === null || wrong) return
    act({ do: "invite", label: fitting(field.value), viewer, once, from, until })
    field.value = ""
    field.focus()
  }
  return (
    <form class="invite-form" onSubmit={make}>
      <div class="field">
        <label for="invite-label">{say("invite.label")}</label>
        <input
          id="invite-label"
          ref={label}
          maxLength={LONGEST_LABEL}
          autocomplete="off"
          spellcheck={false}
          aria-describedby="invite-hint"
        />
        <p class="hint" id="invite-hint">
          {say("invite.label-more")}
        </p>
      </div>
      <Choice
        id="invite-once"
        label={say("invite.for")}
        value={once ? "once" : "many"}
        options={[
          ["once", say("invite.once")],
          ["many", say("invite.many")],
        ]}
        onChoose={(chosen) => setOnce(chosen === "once")}
      />
      <Switch id="invite-viewer" label={say("invite.viewer")} hint={say("invite.viewer-more")} on={viewer} onTurn={setViewer} />
      <details>
        <summary>{say("period")}</summary>
        <div class="row wrap">
          <Moment id="invite-from" label={say("period.from")} at={from} onSet={setFrom} />
          <Moment id="invite-until" label={say("period.until")} at={until} wrong={wrong} onSet={setUntil} />
        </div>
      </details>
      <p role="status">{wrong && <b class="wrong">{say("period.wrong")}</b>}</p>
      <Button submit idle={wrong}>
        {say("invite.make")}
      </Button>
    </form>
  )
}

const Item = ({ invitation, view, revocable }: { invitation: Invitation; view: View; revocable: boolean }): VNode => {
  const { state, act, say } = view
  const { id, label, link, viewer, once, from, until, revoked } = invitation
  const facts = [
    say(once ? "invite.once" : "invite.many"),
    viewer && say("role.viewer"),
    from !== null && say("invite.from", { when: day(state.language, from) }),
    until !== null && say("invite.until", { when: day(state.language, until) }),
  ]
  return (
    <li class="invitation" data-revoked={revoked}>
      <p id={`invitation-${id}`}>
        <bdi>{label || say("invite.nobody")}</bdi>
        <span class="hint">{facts.filter((fact) => fact !== false).join(" · ")}</span>
      </p>
      {revoked ? (
        <span class="soft">{say("invite.revoked")}</span>
      ) : (
        <div class="row wrap">
          <Button icon="copy" about={`invitation-${id}`} onClick={() => act({ do: "copy", text: link })}>
            {say("invite.copy")}
          </Button>
          {revocable && (
            <Twice
              kind="quiet"
              name={say("invite.revoke")}
              ask={say("invite.revoke-ask")}
              say={say}
              onSure={() => act({ do: "revoke", invitation: id })}
            />
          )}
        </div>
      )}
    </li>
  )
}
