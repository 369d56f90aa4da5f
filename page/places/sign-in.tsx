import { useEffect, useRef, useState } from 'preact/hooks'
import { parseToken } from '../state/token.js'
import { strings } from '../text/strings.js'

interface SignInProps {
  /** Why the reader must sign in again, if there is a reason. */
  reason: string | undefined
  onToken: (token: string) => void
}

/** Ways to sign in. Another one, such as OpenID Connect, would go beside the form for a token. */
export function SignIn ({ reason, onToken }: SignInProps) {
  useEffect(() => { document.title = strings.title }, [])
  return (
    <main id='main' class='sign-in' aria-busy={false}>
      <h1>{strings.entry.heading}</h1>
      <TokenForm reason={reason} onToken={onToken} />
    </main>
  )
}

function TokenForm ({ reason, onToken }: SignInProps) {
  const [wrong, setWrong] = useState<string>()
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => { field.current?.focus() }, [])
  useEffect(() => { setWrong(undefined) }, [reason])
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const { current } = field
    if (current === null) return
    const token = parseToken(current.value)
    current.value = ''
    if (token !== undefined) return onToken(token)
    setWrong(strings.entry.notAToken)
    current.focus()
  }
  const message = wrong ?? reason
  return (
    <form id='entry' class='entry' autocomplete='off' onSubmit={submit}>
      <div class='message' role='alert'>{message !== undefined && <p id='message-text' class='message-text'>{message}</p>}</div>
      <label for='token'>{strings.entry.label}</label>
      <p id='token-hint' class='hint'>{strings.entry.hint}</p>
      <div class='field'>
        <input
          id='token' ref={field} type='password' required spellcheck={false} autocapitalize='off' autocomplete='off'
          aria-describedby='token-hint'
        />
        <button type='submit' class='primary'>{strings.entry.submit}</button>
      </div>
      <p class='hint'>{strings.entry.where}</p>
    </form>
  )
}
