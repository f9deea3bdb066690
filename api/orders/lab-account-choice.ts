/** With which of its accounts a team orders at a laboratory. */
import type { LabAccount } from '../../domain/catalogue/catalogue.ts';
import type { Catalogue } from '../../store/catalogue/catalogue.ts';
import { ApiError } from '../http/errors.ts';

/** The accounts that a team may see: its own, and the platform's, which serve every team. */
export function labAccountsOf(catalogue: Catalogue, teamId: string): LabAccount[] {
  return [...catalogue.labAccounts.values()].filter(
    ({ team_id_allowlist }) => team_id_allowlist.length === 0 || team_id_allowlist.includes(teamId),
  );
}

/**
 * One account by its id.
 * @throws ApiError `not_found` when the team may not see it
 */
export function labAccountOf(catalogue: Catalogue, teamId: string, id: string): LabAccount {
  const account = labAccountsOf(catalogue, teamId).find((candidate) => candidate.id === id);
  if (!account) throw new ApiError('not_found', `There is no lab account ${id}.`);
  return account;
}

/**
 * The account that an order uses (contract §2.2): the one it names; else, where the team has accounts of its own at the
 * lab, the only active one; else the platform's.
 * @throws ApiError `rule_broken` when that leaves none or a choice
 */
export function chooseLabAccount(
  catalogue: Catalogue,
  teamId: string,
  lab: string,
  named: string | undefined,
): LabAccount {
  if (named !== undefined) return labAccountOf(catalogue, teamId, named);
  const atLab = labAccountsOf(catalogue, teamId).filter((account) => account.lab === lab);
  const linked = atLab.filter(({ team_id_allowlist }) => team_id_allowlist.length > 0);
  const candidates = linked.length > 0 ? linked.filter(({ status }) => status === 'active') : atLab;
  const [account, another] = candidates;
  if (!account) throw new ApiError('rule_broken', `The team has no active lab account at ${lab}`);
  if (another && linked.length > 0) {
    throw new ApiError('rule_broken', `The team has several active lab accounts at ${lab}: set lab_account_id`);
  }
  return account;
}
