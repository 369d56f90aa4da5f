import { createContext } from 'preact'
import { useContext } from 'preact/hooks'

/** The organisation's key, once an answer has named it, for the masthead and the titles of all places. */
export interface Organisation {
  orgKey: string | undefined
  setOrgKey: (orgKey: string) => void
}

const OrganisationContext = createContext<Organisation>({ orgKey: undefined, setOrgKey: () => {} })
export const OrganisationProvider = OrganisationContext.Provider

export function useOrganisation (): Organisation {
  return useContext(OrganisationContext)
}
