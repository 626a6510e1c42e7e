package cloudtrail

// overrides says for each event where its targets stand, first line that
// matches first. A line is
//
//	service:Event,Event…  item; item; …
//
// with events as in the log, without their version, * for any text, and items
//
//	[role] path|path…  [> form]
//
// The role is primary where none is given; of several items for the primary
// target the first that finds something is taken, of several paths likewise.
// "mention" is a member that is merely mentioned. A path leads through
// requestParameters, after a dot through responseElements, after + through
// additionalEventData, after % through serviceEventDetails; lists and XML
// wrappers are stepped through, case does not matter, "-" is no path. The form
// makes an id of the value: service:R:A:resource with R for the region, A for
// the account, $ (or $lower) for the value and {path=default} for other fields,
// or a function of forms. A value that is an ARN stays as it is.
const overrides = overridesCore + overridesCompute + overridesData

const overridesCore = `
# iam: the key, password or policy that a call is about, and whose it is
iam:CreateAccessKey,DeleteAccessKey,UpdateAccessKey,GetAccessKeyLastUsed .accessKey.accessKeyId|accessKeyId > @key; userName|- > @user; parent .accessKey.userName|userName|- > @user
iam:*LoginProfile userName|.loginProfile.userName|- > @user; member userName|.loginProfile.userName > @password
iam:ChangePassword userName|- > @user
iam:ListInstanceProfilesForRole roleName > iam::A:role/$
iam:*InstanceProfile,*InstanceProfileTags .instanceProfile.arn|instanceProfileName > iam::A:instance-profile/$; member roleName > iam::A:role/$
iam:Attach*,Detach* roleName > iam::A:role/$; userName > iam::A:user/$; groupName > iam::A:group/$; policy policyArn > @arn
iam:CreatePolicy .policy.arn|policyName > iam::A:policy/$
iam:CreatePolicyVersion,DeletePolicyVersion,SetDefaultPolicyVersion,DeletePolicy,GetPolicy,GetPolicyVersion,ListPolicyVersions,ListEntitiesForPolicy,TagPolicy,UntagPolicy policyArn > iam::A:policy/$
iam:AddUserToGroup,RemoveUserFromGroup groupName > iam::A:group/$; member userName > iam::A:user/$
iam:EnableMFADevice,DeactivateMFADevice,ResyncMFADevice userName|- > @user; member serialNumber > @arn
iam:*VirtualMFADevice .virtualMFADevice.serialNumber|serialNumber|virtualMFADeviceName > iam::A:mfa/$
iam:*SAMLProvider* .sAMLProviderArn|sAMLProviderArn|name > iam::A:saml-provider/$
iam:*OpenIDConnectProvider* .openIDConnectProviderArn|openIDConnectProviderArn > @arn
iam:*ServerCertificate* serverCertificateName > iam::A:server-certificate/$
iam:GetAccountAuthorizationDetails,GetAccountSummary,*AccountPasswordPolicy,*AccountAlias*,*CredentialReport,SetSecurityTokenServicePreferences,*OrganizationsRoot* - > @account
iam:* .role.arn|roleName > iam::A:role/$; .user.arn|userName > iam::A:user/$; .group.arn|groupName > iam::A:group/$; policyArn|policySourceArn|arn > @arn; instanceProfileName > iam::A:instance-profile/$; - > @user

sts:AssumeRole* roleArn > @arn; .assumedRoleUser.arn > @arn; member principalArn|providerId > @arn; mention roleSessionName > @instance
sts:AssumeRoot targetPrincipal > @org; .sourceIdentity > @none
sts:GetFederationToken .federatedUser.arn|name > sts::A:federated-user/$
sts:* - > @endpoint
signin:* - > @endpoint
sso:*AccountAssignment* permissionSetArn > @arn; member targetId > @org; member instanceArn > @arn
sso:* permissionSetArn > @arn; instanceArn > @arn
account:* - > @account

organizations:AttachPolicy,DetachPolicy,EnablePolicyType,DisablePolicyType targetId|rootId > @org; policy policyId > @org
organizations:LeaveOrganization - > @account
organizations:MoveAccount accountId > @org; parent destinationParentId > @org; member sourceParentId > @org
organizations:* policyId|.policy.policySummary.arn > @org; accountId|targetId|.createAccountStatus.accountId > @org; organizationalUnitId > @org; parentId|childId > @org

kms:CreateAlias,UpdateAlias targetKeyId > @kms; member aliasName > @kms
kms:DeleteAlias aliasName > @kms
kms:CreateKey .keyMetadata.arn|.keyMetadata.keyId > @kms
kms:CreateGrant,RetireGrant,RevokeGrant keyId > @kms; member granteePrincipal > @arn
kms:ReEncrypt destinationKeyId > @kms; member sourceKeyId > @kms
kms:ListKeys,ListAliases,GenerateRandom - > @endpoint
kms:* keyId > @kms; .keyId > @kms
secretsmanager:* .aRN|secretId|+aRN > secretsmanager:R:A:secret:$; secretIdList > secretsmanager:R:A:secret:$; name > secretsmanager:R:A:secret:$; kms kmsKeyId > @kms

cloudtrail:LookupEvents - > @endpoint
cloudtrail:*Trail*,StartLogging,StopLogging,*EventSelectors,*InsightSelectors,AddTags,RemoveTags,ListTags .trailARN|name|trailName|trailNameList|resourceId|resourceIdList > cloudtrail:R:A:trail/$
config:*ConfigurationRecorder* configurationRecorderName|configurationRecorder.name|configurationRecorderNames > config:R:A:configuration-recorder/$
rolesanywhere:*Profile* .profile.profileArn|profileId > rolesanywhere:R:A:profile/$
rolesanywhere:*TrustAnchor* .trustAnchor.trustAnchorArn|trustAnchorId > rolesanywhere:R:A:trust-anchor/$
tag:TagResources,UntagResources resourceARNList > @arn
`
