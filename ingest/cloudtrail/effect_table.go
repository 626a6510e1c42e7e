package cloudtrail

import "github.com/blastradius/blastradius/graph"

// effectLists are the actions by effect, as IAM spells them; S3 operations
// stand under the IAM action that allows them.
var effectLists = map[graph.Effect]string{
	graph.Read: `
		sts:DecodeAuthorizationMessage sts:GetCallerIdentity sts:GetAccessKeyInfo
		iam:GenerateCredentialReport iam:GenerateServiceLastAccessedDetails iam:SimulatePrincipalPolicy iam:SimulateCustomPolicy
		s3:GetObject s3:GetObjectVersion s3:GetObjectAcl s3:GetObjectTorrent
		kms:GetPublicKey kms:GetParametersForImport
		logs:StartQuery logs:StopQuery logs:StartLiveTail logs:FilterLogEvents logs:GetLogEvents
		cloudtrail:LookupEvents cloudtrail:StartQuery cloudtrail:CancelQuery
		sqs:ReceiveMessage ssm:GetDocument ssm:GetCommandInvocation
		ec2:GetConsoleOutput ec2:GetConsoleScreenshot ec2:DescribeInstanceAttribute ec2:GetLaunchTemplateData
		dynamodb:GetItem dynamodb:Query dynamodb:Scan dynamodb:BatchGetItem dynamodb:PartiQLSelect
		config:SelectResourceConfig config:StartConfigRulesEvaluation
		organizations:DescribeOrganization ecr:BatchGetImage ecr:GetDownloadUrlForLayer ecr:BatchCheckLayerAvailability
		signin:CheckMfa secretsmanager:GetRandomPassword secretsmanager:ValidateResourcePolicy resource-explorer-2:Search
		access-analyzer:ValidatePolicy access-analyzer:CheckAccessNotGranted
		cloudformation:DetectStackDrift cloudformation:ValidateTemplate cloudformation:EstimateTemplateCost
		s3:GetStorageLensDashboardDataInternal lambda:GetFunction`,

	graph.SecretRead: `
		secretsmanager:GetSecretValue secretsmanager:BatchGetSecretValue
		ec2:GetPasswordData acm:ExportCertificate
		lightsail:GetInstanceAccessDetails lightsail:DownloadDefaultKeyPair lightsail:GetRelationalDatabaseMasterUserPassword
		bedrock-agentcore:GetResourceApiKey bedrock-agentcore:GetResourceOauth2Token
		license-manager:GetAccessToken`,

	graph.Use: `
		sts:AssumeRole sts:AssumeRoleWithSAML sts:AssumeRoleWithWebIdentity sts:AssumeRoot sts:GetSessionToken
		sts:GetFederationToken sts:GetServiceBearerToken sts:GetWebIdentityToken sts:GetDelegatedAccessToken
		sts:SetSourceIdentity sts:TagSession sts:SetContext
		rolesanywhere:CreateSession sso:GetRoleCredentials sso:Authenticate sso:Federate sso-oauth:CreateTokenWithIAM eks-auth:AssumeRoleForPodIdentity
		cognito-identity:GetCredentialsForIdentity cognito-identity:GetOpenIdToken
		cognito-identity:GetOpenIdTokenForDeveloperIdentity cognito-identity:GetId
		cognito-idp:InitiateAuth cognito-idp:AdminInitiateAuth cognito-idp:RespondToAuthChallenge
		ecr:GetAuthorizationToken ecr-public:GetAuthorizationToken codeartifact:GetAuthorizationToken
		redshift:GetClusterCredentials redshift:GetClusterCredentialsWithIAM redshift-serverless:GetCredentials
		rds-db:connect dsql:DbConnect elasticache:Connect
		kms:Decrypt kms:Encrypt kms:ReEncryptFrom kms:ReEncryptTo kms:ReEncrypt kms:GenerateDataKey
		kms:GenerateDataKeyPair kms:GenerateDataKeyPairWithoutPlaintext kms:GenerateDataKeyWithoutPlaintext
		kms:GenerateMac kms:VerifyMac kms:GenerateRandom kms:Sign kms:Verify kms:DeriveSharedSecret
		acm-pca:IssueCertificate signer:SignPayload
		lambda:InvokeFunction lambda:InvokeAsync lambda:InvokeFunctionUrl execute-api:Invoke
		states:StartExecution states:StartSyncExecution states:RedriveExecution
		codepipeline:StartPipelineExecution glue:StartJobRun glue:StartCrawler
		bedrock:InvokeModel bedrock:InvokeModelWithResponseStream bedrock:InvokeAgent bedrock:InvokeFlow
		bedrock:InvokeInlineAgent bedrock:Retrieve bedrock:RetrieveAndGenerate bedrock:ApplyGuardrail
		bedrock-agentcore:InvokeAgentRuntime bedrock-agentcore:InvokeGateway bedrock-agentcore:InvokeMcp
		bedrock-agentcore:InvokeCodeInterpreter bedrock-agentcore:GetWorkloadAccessToken
		bedrock-agentcore:GetWorkloadAccessTokenForJWT bedrock-agentcore:GetWorkloadAccessTokenForUserId
		sagemaker:InvokeEndpoint sagemaker:InvokeEndpointAsync sagemaker:InvokeEndpointWithResponseStream
		athena:StartQueryExecution appsync:GraphQL rds-data:ExecuteStatement rds-data:BatchExecuteStatement
		redshift-data:ExecuteStatement redshift-data:BatchExecuteStatement neptune-db:connect ses:SendEmail ses:SendRawEmail
		ses:SendTemplatedEmail ses:SendBulkTemplatedEmail mobiletargeting:SendMessages
		eks:AccessKubernetesApi ssmmessages:OpenDataChannel ssmmessages:CreateDataChannel ssmmessages:OpenControlChannel
		ssmmessages:CreateControlChannel`,

	graph.Create: `
		iam:CreatePolicy iam:CreateRole iam:CreateUser iam:CreateGroup iam:CreateInstanceProfile iam:CreateServiceLinkedRole
		iam:CreateVirtualMFADevice iam:CreateSAMLProvider iam:CreateOpenIDConnectProvider
		s3:CreateBucket organizations:CreatePolicy organizations:CreateAccount organizations:CreateOrganization
		lambda:PublishLayerVersion lambda:PublishVersion lambda:CreateEventSourceMapping
		ec2:StartNetworkInsightsAnalysis ecs:RegisterTaskDefinition apigateway:POST`,

	graph.Change: `
		ec2:CreateRoute ec2:DeleteRoute ec2:CreateTags ec2:DeleteTags ec2:CreateNetworkAclEntry ec2:DeleteNetworkAclEntry
		ec2:DeleteTransitGatewayRoute ec2:CreateTransitGatewayRoute ec2:CreateLaunchTemplateVersion ec2:DeleteLaunchTemplateVersions
		ec2:AuthorizeSecurityGroupIngress ec2:AuthorizeSecurityGroupEgress ec2:RevokeSecurityGroupIngress
		ec2:RevokeSecurityGroupEgress ec2:RestoreImageFromRecycleBin ec2:RestoreSnapshotFromRecycleBin
		iam:DeleteLoginProfile iam:DeactivateMFADevice iam:ChangePassword iam:DeleteAccountAlias iam:CreateAccountAlias
		iam:DeleteAccountPasswordPolicy iam:UpdateAccountPasswordPolicy iam:DeleteSSHPublicKey iam:DeleteSigningCertificate
		iam:DeleteServiceSpecificCredential iam:ResyncMFADevice
		s3:DeleteBucketWebsite s3:DeleteObjectTagging s3:RestoreObject s3:DeleteInventoryConfiguration
		s3:PutBucketTagging s3:PutObjectTagging
		dynamodb:PutItem dynamodb:UpdateItem dynamodb:DeleteItem dynamodb:BatchWriteItem dynamodb:PartiQLDelete
		dynamodb:PartiQLInsert dynamodb:PartiQLUpdate
		sqs:SendMessage sqs:DeleteMessage sqs:ChangeMessageVisibility sqs:PurgeQueue sns:Publish sns:Unsubscribe
		kinesis:RegisterStreamConsumer kinesis:DeregisterStreamConsumer
		lambda:DeleteFunctionConcurrency lambda:DeleteFunctionCodeSigningConfig lambda:DeleteFunctionEventInvokeConfig
		lambda:DeleteProvisionedConcurrencyConfig
		logs:DeleteRetentionPolicy logs:DeleteMetricFilter logs:DeleteSubscriptionFilter logs:CreateLogStream
		elasticloadbalancing:RegisterTargets elasticloadbalancing:DeregisterTargets
		elasticloadbalancing:RegisterInstancesWithLoadBalancer elasticloadbalancing:DeregisterInstancesFromLoadBalancer
		elasticloadbalancing:CreateLoadBalancerListeners elasticloadbalancing:DeleteLoadBalancerListeners
		elasticloadbalancing:CreateLoadBalancerPolicy elasticloadbalancing:DeleteLoadBalancerPolicy
		kms:CreateAlias kms:DeleteAlias kms:UpdateAlias secretsmanager:RestoreSecret
		ssm:DeleteInventory ssm:RegisterTargetWithMaintenanceWindow ssm:DeregisterTargetFromMaintenanceWindow
		ecr:BatchDeleteImage ecr:DeleteLifecyclePolicy route53:ChangeResourceRecordSets
		autoscaling:DeletePolicy autoscaling:DeleteLifecycleHook autoscaling:DeleteScheduledAction autoscaling:CreateOrUpdateTags
		autoscaling:DeleteTags ecs:DeleteAttributes ecs:RegisterContainerInstance ecs:StopTask
		organizations:LeaveOrganization organizations:MoveAccount organizations:RegisterDelegatedAdministrator
		rds:AuthorizeDBSecurityGroupIngress rds:RevokeDBSecurityGroupIngress cognito-idp:AdminConfirmSignUp ec2:CreateTrafficMirrorFilterRule ec2:DeleteTrafficMirrorFilterRule
		signin:PasswordUpdated signin:PasswordRecoveryRequested signin:PasswordRecoveryCompleted signin:EmailUpdated
		events:RemoveTargets cloudtrail:StopLogging cloudtrail:StartLogging cloudtrail:PutEventSelectors
		elasticbeanstalk:RebuildEnvironment servicequotas:RequestServiceQuotaIncrease
		apigateway:CreateRoute apigateway:DeleteRoute apigateway:CreateIntegration apigateway:DeleteIntegration
		apigateway:CreateResource apigateway:DeleteResource apigateway:PutMethod apigateway:DeleteMethod
		apigateway:CreateAuthorizer apigateway:DeleteAuthorizer apigateway:CreateModel apigateway:DeleteModel
		guardduty:CreateMembers guardduty:DeleteMembers guardduty:CreateIPSet guardduty:DeleteIPSet guardduty:CreateFilter
		guardduty:DeleteFilter guardduty:CreatePublishingDestination guardduty:DeletePublishingDestination guardduty:DeleteInvitations`,

	graph.Delete: `
		iam:DeletePolicy iam:DeletePolicyVersion iam:DeleteRole iam:DeleteUser iam:DeleteAccessKey
		kms:ScheduleKeyDeletion kms:DeleteImportedKeyMaterial s3:DeleteObject s3:DeleteObjectVersion s3:DeleteBucket
		ram:DeleteResourceShare organizations:DeletePolicy organizations:DeleteOrganization
		organizations:RemoveAccountFromOrganization organizations:CloseAccount account:CloseAccount
		glacier:DeleteVault ec2:ReleaseAddress ec2:DeregisterImage ec2:TerminateInstances
		autoscaling:TerminateInstanceInAutoScalingGroup elasticbeanstalk:TerminateEnvironment
		elasticmapreduce:TerminateJobFlows cloudformation:DeleteStack cloudformation:DeleteStackInstances
		apigateway:DELETE`,

	graph.Grant: `
		iam:PassRole iam:AttachRolePolicy iam:DetachRolePolicy iam:AttachUserPolicy iam:DetachUserPolicy
		iam:AttachGroupPolicy iam:DetachGroupPolicy iam:PutRolePolicy iam:DeleteRolePolicy iam:PutUserPolicy
		iam:DeleteUserPolicy iam:PutGroupPolicy iam:DeleteGroupPolicy iam:CreatePolicyVersion iam:SetDefaultPolicyVersion
		iam:UpdateAssumeRolePolicy iam:PutRolePermissionsBoundary iam:DeleteRolePermissionsBoundary
		iam:PutUserPermissionsBoundary iam:DeleteUserPermissionsBoundary iam:AddUserToGroup iam:RemoveUserFromGroup
		iam:AddRoleToInstanceProfile iam:RemoveRoleFromInstanceProfile
		iam:CreateAccessKey iam:UpdateAccessKey iam:CreateLoginProfile iam:UpdateLoginProfile iam:EnableMFADevice
		iam:CreateServiceSpecificCredential iam:ResetServiceSpecificCredential iam:UpdateServiceSpecificCredential
		iam:UploadSSHPublicKey iam:UpdateSSHPublicKey iam:UploadSigningCertificate iam:UpdateSigningCertificate
		iam:UpdateSAMLProvider iam:UpdateOpenIDConnectProviderThumbprint iam:AddClientIDToOpenIDConnectProvider
		s3:PutBucketPolicy s3:DeleteBucketPolicy s3:PutBucketAcl s3:PutObjectAcl s3:PutObjectVersionAcl
		s3:PutBucketPublicAccessBlock s3:PutAccountPublicAccessBlock s3:PutBucketOwnershipControls
		s3:PutAccessPointPolicy s3:DeleteAccessPointPolicy
		kms:PutKeyPolicy kms:CreateGrant kms:RetireGrant kms:RevokeGrant
		lambda:AddPermission lambda:RemovePermission lambda:AddLayerVersionPermission lambda:RemoveLayerVersionPermission
		secretsmanager:PutResourcePolicy secretsmanager:DeleteResourcePolicy
		ssm:ModifyDocumentPermission ssm:PutResourcePolicy ssm:DeleteResourcePolicy
		sns:AddPermission sns:RemovePermission sqs:AddPermission sqs:RemovePermission
		ecr:SetRepositoryPolicy ecr:DeleteRepositoryPolicy ecr:PutRegistryPolicy
		rds:ModifyDBSnapshotAttribute rds:ModifyDBClusterSnapshotAttribute rds:AddRoleToDBInstance rds:AddRoleToDBCluster
		ec2:AssociateIamInstanceProfile ec2:ReplaceIamInstanceProfileAssociation ec2:DisassociateIamInstanceProfile
		ec2:ResetSnapshotAttribute ec2:ResetImageAttribute ec2:ModifyVpcEndpointServicePermissions ec2:DisableImageBlockPublicAccess
		ec2:EnableImageBlockPublicAccess ec2:DisableSnapshotBlockPublicAccess ec2:EnableSnapshotBlockPublicAccess
		eks:CreateAccessEntry eks:UpdateAccessEntry eks:DeleteAccessEntry eks:AssociateAccessPolicy eks:DisassociateAccessPolicy
		eks:CreatePodIdentityAssociation eks:UpdatePodIdentityAssociation eks:AssociateIdentityProviderConfig
		organizations:AttachPolicy organizations:DetachPolicy organizations:EnablePolicyType organizations:DisablePolicyType
		organizations:PutResourcePolicy organizations:DeleteResourcePolicy
		ram:CreateResourceShare ram:AssociateResourceShare ram:DisassociateResourceShare ram:AcceptResourceShareInvitation
		sso:CreateAccountAssignment sso:DeleteAccountAssignment sso:PutInlinePolicyToPermissionSet
		sso:AttachManagedPolicyToPermissionSet sso:DetachManagedPolicyFromPermissionSet sso:ProvisionPermissionSet
		identitystore:CreateGroupMembership identitystore:DeleteGroupMembership
		rolesanywhere:CreateProfile rolesanywhere:UpdateProfile rolesanywhere:CreateTrustAnchor rolesanywhere:UpdateTrustAnchor
		events:PutPermission events:RemovePermission logs:PutResourcePolicy logs:PutDestinationPolicy
		backup:PutBackupVaultAccessPolicy glue:PutResourcePolicy glacier:SetVaultAccessPolicy
		dynamodb:PutResourcePolicy dynamodb:DeleteResourcePolicy kinesis:PutResourcePolicy
		cognito-identity:SetIdentityPoolRoles cognito-idp:AdminSetUserPassword cognito-idp:AdminAddUserToGroup
		appsync:CreateApiKey apigateway:CreateApiKey lightsail:CreateBucketAccessKey
		codecommit:PutRepositoryTriggers lakeformation:GrantPermissions lakeformation:RevokePermissions
		bedrock-agentcore:CreateApiKeyCredentialProvider bedrock-agentcore:CreateOauth2CredentialProvider
		transfer:ImportSshPublicKey lambda:CreateFunctionUrlConfig`,

	graph.Control: `
		lambda:CreateFunction lambda:UpdateFunctionCode
		ssm:SendCommand ssm:StartSession ssm:ResumeSession ssm:StartAutomationExecution ssm:CreateAssociation
		ssm:UpdateAssociation ssm:StartAssociationsOnce ssm:StartAccessRequest
		ec2-instance-connect:SendSSHPublicKey ec2-instance-connect:SendSerialConsoleSSHPublicKey ec2-instance-connect:OpenTunnel
		ec2:RunScheduledInstances ec2:RequestSpotInstances ec2:RequestSpotFleet ec2:CreateFleet
		ec2:CreateReplaceRootVolumeTask
		ecs:RunTask ecs:StartTask ecs:ExecuteCommand ecs:CreateService
		batch:SubmitJob codebuild:CreateProject codebuild:UpdateProject codepipeline:CreatePipeline codepipeline:UpdatePipeline
		glue:CreateJob glue:UpdateJob glue:CreateDevEndpoint glue:UpdateDevEndpoint glue:CreateSession glue:RunStatement
		sagemaker:CreateNotebookInstance sagemaker:CreateTrainingJob sagemaker:CreateProcessingJob
		sagemaker:CreatePresignedNotebookInstanceUrl sagemaker:CreatePresignedDomainUrl
		sagemaker:CreateNotebookInstanceLifecycleConfig sagemaker:UpdateNotebookInstanceLifecycleConfig
		elasticmapreduce:RunJobFlow elasticmapreduce:AddJobFlowSteps emr-serverless:StartJobRun
		datapipeline:PutPipelineDefinition states:CreateStateMachine states:UpdateStateMachine
		apprunner:CreateService apprunner:UpdateService elasticbeanstalk:CreateEnvironment
		cloud9:CreateEnvironmentEC2 cloud9:CreateEnvironmentMembership cloudshell:CreateEnvironment cloudshell:CreateSession
		bedrock-agentcore:CreateAgentRuntime bedrock-agentcore:UpdateAgentRuntime bedrock:CreateAgent bedrock:UpdateAgent
		cloudfront:PublishFunction cloudfront:UpdateFunction
		lightsail:CreateContainerServiceDeployment imagebuilder:StartImagePipelineExecution
		greengrass:CreateDeployment iot:CreateJob gamelift:CreateFleet`,
}
