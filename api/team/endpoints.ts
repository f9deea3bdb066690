/** `/v2/team`: the team that the key belongs to. */
import { defineEndpoint } from '../http/endpoint.ts';
import { ApiError } from '../http/errors.ts';
import { clientFacingTeam, teamPath } from './schemas.ts';

/** Endpoints of `/v2/team`. */
export const teamEndpoints = [
  defineEndpoint({
    method: 'get',
    path: '/v2/team/:team_id',
    operationId: 'getTeam',
    tag: 'Team',
    summary: 'Get the team and its settings',
    request: { params: teamPath },
    response: clientFacingTeam,
    errors: ['not_found'],
    async handler({ team, params: { team_id } }) {
      if (team_id !== team._id) throw new ApiError('not_found', `There is no team ${team_id}.`);
      const { email_enabled, sms_enabled, partial_webhooks_enabled, minor_ordering_enabled } = team.options;
      return {
        id: team._id,
        org_id: team.org_id,
        name: team.name,
        configuration: {
          libreview: { practice_id: {}, strip_tz: false },
          texts_enabled: sms_enabled,
          partial_webhooks_enabled,
          minor_ordering_enabled,
        },
        testkits_texts_enabled: sms_enabled,
        lab_tests_patient_communication_enabled: email_enabled || sms_enabled,
        lab_tests_patient_sms_communication_enabled: sms_enabled,
        lab_tests_patient_email_communication_enabled: email_enabled,
        logo_url: team.logo_url,
        delegated_flow: 'order_and_results_with_customer_physician_network',
      };
    },
  }),
];
