import { useEffect, useMemo, useState } from 'preact/hooks'
import { createClient } from '../client/create-client.js'
import { Announcer } from './parts/announcer.js'
import { UploadPanel } from './parts/upload-panel.js'
import { CurrentPlace } from './places/current-place.js'
import { SignIn } from './places/sign-in.js'
import { Masthead } from './parts/masthead.js'
import { readAllAgain } from './state/changes.js'
import { OrganisationProvider } from './state/organisation.js'
import { ResumePoints } from './state/resume-points.js'
import { base, usePlace } from './state/router.js'
import { ServiceProvider, createService } from './state/service.js'
import { Session, takeTokenFromAddress } from './state/session.js'
import { isSamePerson, mayBeAdmin, organisationOf, userOf } from './state/token.js'
import { Uploads } from './state/uploads.js'
import { strings } from './text/strings.js'

/** The whole page: who is signed in, and the place that the address names. */
export function App () {
  const place = usePlace()
  const session = useMemo(() => new Session(base), [])
  const [token, setToken] = useState(session.token)
  const [reason, setReason] = useState<string>()
  const [orgKey, setOrgKey] = useState(organisationOf(session.token ?? ''))

  // Uploads outlive a place, and a token that expired meanwhile.
  const uploads = useMemo(() => new Uploads(
    createClient({ baseUrl: base.href, token: () => session.token ?? '' }), new ResumePoints(base),
    (message) => { session.end(message) }), [session])

  useEffect(() => {
    const stopListening = session.listen((ended, former) => {
      // They continue for a person whose token has expired, and for nobody else.
      if (ended === undefined && former !== undefined && !isSamePerson(former, session.token)) uploads.forget()
      setToken(session.token)
      setReason(ended)
      setOrgKey(organisationOf(session.token ?? ''))
    })
    const receive = () => {
      const given = takeTokenFromAddress()
      if (given === null) session.end(strings.entry.notAToken)
      else if (given !== undefined) session.begin(given)
    }
    receive()
    session.askOtherTabs()
    // Following a link from the page to itself changes only the fragment.
    window.addEventListener('hashchange', receive)
    return () => {
      stopListening()
      window.removeEventListener('hashchange', receive)
    }
  }, [session])

  const service = useMemo(() => token === undefined
    ? undefined
    : createService({
      base,
      token: () => token,
      mayBeAdmin: mayBeAdmin(token),
      userId: userOf(token),
      onRefused: (message) => { session.end(message) },
    }), [token])
  return (
    <OrganisationProvider value={{ orgKey, setOrgKey }}>
      <a class='skip' href='#main' onClick={(event) => { event.preventDefault(); document.getElementById('heading')?.focus() }}>{strings.skip}</a>
      <Masthead
        place={place} orgKey={orgKey} isSignedIn={service !== undefined} mayBeAdmin={service?.mayBeAdmin ?? false}
        onRefresh={readAllAgain} onForget={() => { session.end() }}
      />
      {service === undefined
        ? <SignIn reason={reason} onToken={(given) => { session.begin(given) }} />
        : (
          // With the token as key, nothing that one token showed remains for another.
          <ServiceProvider key={token} value={service}>
            <CurrentPlace place={place} uploads={uploads} />
            <UploadPanel uploads={uploads} />
          </ServiceProvider>
          )}
      <Announcer />
    </OrganisationProvider>
  )
}
