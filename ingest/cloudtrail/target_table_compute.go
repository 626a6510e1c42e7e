package cloudtrail

// overridesCompute is the override table of what runs code. Of EC2 it holds
// only the events whose name does not say which of their ids they are about
// (see byEC2ID).
const overridesCompute = `
ec2:RunInstances .instancesSet.instanceId > @ec2; - > @endpoint; passed iamInstanceProfile.arn|iamInstanceProfile.name > iam::A:instance-profile/$; parent subnetId|networkInterfaceSet.subnetId > @ec2; member imageId|instancesSet.imageId > @ec2; member groupSet.groupId > @ec2; member launchTemplate.launchTemplateId > @ec2
ec2:ModifyInstanceAttribute instanceId > @ec2; member groupSet.groupId > @ec2
ec2:Authorize*,Revoke*,ModifySecurityGroupRules,UpdateSecurityGroupRuleDescriptions* groupId > @ec2; member ipPermissions.groups.groupId > @ec2
ec2:CreateSecurityGroup .groupId > @ec2; - > @endpoint; parent vpcId > @ec2
ec2:CreateRoute,DeleteRoute,ReplaceRoute routeTableId > @ec2; member gatewayId|natGatewayId|instanceId|networkInterfaceId|transitGatewayId|vpcPeeringConnectionId > @ec2
ec2:AssociateRouteTable routeTableId > @ec2; member subnetId|gatewayId > @ec2
ec2:CreateFlowLogs .flowLogIdSet|.CreateFlowLogsResponse.flowLogIdSet > @ec2; - > @endpoint; member resourceId|resourceIds > @ec2; passed deliverLogsPermissionArn > @arn
ec2:CreateTags,DeleteTags resourcesSet.resourceId > @ec2
ec2:ReleaseAddress,AllocateAddress .allocationId|allocationId > @ec2
ec2:AssociateIamInstanceProfile instanceId > @ec2; passed iamInstanceProfile.arn|iamInstanceProfile.name > iam::A:instance-profile/$
ec2:ReplaceIamInstanceProfileAssociation,DisassociateIamInstanceProfile .iamInstanceProfileAssociation.instanceId > @ec2; passed iamInstanceProfile.arn|iamInstanceProfile.name > iam::A:instance-profile/$
ec2:*KeyPair* keyName|.keyName > ec2:R:A:key-pair/$
ec2:*PlacementGroup groupName > ec2:R:A:placement-group/$
ec2:GetPasswordData,GetConsoleOutput,GetConsoleScreenshot,*InstanceMetadataOptions instanceId > @ec2
ec2:CreateSnapshot,CreateSnapshots .snapshotId|.snapshotSet.snapshotId > @ec2; - > @endpoint; member volumeId|instanceSpecification.instanceId > @ec2
ec2:CreateImage,RegisterImage,CopyImage .imageId > @ec2; - > @endpoint; member instanceId|sourceImageId|blockDeviceMapping.ebs.snapshotId > @ec2
ec2:SharedSnapshotVolumeCreated,SharedSnapshotCopyInitiated %snapshotId > @ec2
ec2:DescribeInstanceCreditSpecifications - > @endpoint; mention instanceId > @ec2
ec2:*AccountAttributes,*EbsEncryptionByDefault,*EbsDefaultKmsKeyId,*SerialConsoleAccess*,*BlockPublicAccess - > @account
ec2-instance-connect:* instanceId > @instance; instanceConnectEndpointId > @ec2

lambda:*Layer* .layerVersionArn|.layerArn|layerName > lambda:R:A:layer:$
lambda:*EventSourceMapping* .eventSourceMappingArn|.uUID|uUID > lambda:R:A:event-source-mapping:$; functionName > @lambda; member functionName|.functionArn > @lambda; member eventSourceArn > @arn
lambda:*CodeSigningConfig codeSigningConfigArn > @arn; functionName > @lambda
lambda:* functionName > @lambda; .functionArn > @lambda; resource > @lambda; fullyQualifiedArn.arnPrefix > @lambda

ecs:CreateService,UpdateService,DeleteService,DescribeServices,UpdateServicePrimaryTaskSet .service.serviceArn|service|serviceName|services > ecs:R:A:service/{cluster=default}/$; parent .service.clusterArn|cluster > ecs:R:A:cluster/$; member taskDefinition > ecs:R:A:task-definition/$
ecs:*TaskSet* .taskSet.taskSetArn|taskSet > @arn; service > ecs:R:A:service/{cluster=default}/$; parent service > ecs:R:A:service/{cluster=default}/$
ecs:RunTask,StartTask .tasks.taskArn > @arn; taskDefinition > ecs:R:A:task-definition/$; parent .tasks.clusterArn|cluster > ecs:R:A:cluster/$; member taskDefinition > ecs:R:A:task-definition/$; passed overrides.taskRoleArn|overrides.executionRoleArn > @arn
ecs:StopTask,ExecuteCommand,DescribeTasks,GetTaskProtection,UpdateTaskProtection .task.taskArn|task|tasks > ecs:R:A:task/{cluster=default}/$; parent .task.clusterArn|cluster > ecs:R:A:cluster/$
ecs:*TaskDefinition* .taskDefinition.taskDefinitionArn|taskDefinition|family > ecs:R:A:task-definition/$; passed taskRoleArn > iam::A:role/$; passed executionRoleArn > iam::A:role/$
ecs:*ContainerInstance* .containerInstance.containerInstanceArn|containerInstance|containerInstances > ecs:R:A:container-instance/{cluster=default}/$; cluster > ecs:R:A:cluster/$; parent cluster > ecs:R:A:cluster/$
ecs:*CapacityProvider* .capacityProvider.capacityProviderArn|capacityProvider|name > ecs:R:A:capacity-provider/$
ecs:*TagResource,UntagResource,ListTagsForResource resourceArn > @arn
ecs:* .cluster.clusterArn|clusterName|cluster|clusters > ecs:R:A:cluster/$

eks:*Nodegroup* .nodegroup.nodegroupArn|nodegroupName > eks:R:A:nodegroup/{clusterName|name}/$; parent clusterName|name > eks:R:A:cluster/$
eks:*Addon* .addon.addonArn|addonName > eks:R:A:addon/{clusterName|name}/$; parent clusterName|name > eks:R:A:cluster/$
eks:*FargateProfile* .fargateProfile.fargateProfileArn|fargateProfileName > eks:R:A:fargateprofile/{clusterName|name}/$; parent clusterName|name > eks:R:A:cluster/$
eks:*AccessEntry,*AccessPolicy,*AccessPolicies,*AccessEntries clusterName|name > eks:R:A:cluster/$; member principalArn > @arn; policy policyArn > @arn
eks:*PodIdentityAssociation* clusterName|name|.association.clusterName > eks:R:A:cluster/$; member .association.roleArn|roleArn > @arn
eks:* .cluster.arn|clusterName|name|resourceArn > eks:R:A:cluster/$

ssm:SendCommand instanceIds|.command.instanceIds > @instance; targets.values > @instance; - > @endpoint; member documentName > @document
ssm:StartSession target > @instance; member documentName > @document
ssm:ResumeSession,TerminateSession sessionId > ssm:R:A:session/$
ssm:StartAutomationExecution .automationExecutionId > ssm:R:A:automation-execution/$; - > @endpoint; member documentName > @document; passed parameters.AutomationAssumeRole > @arn
ssm:*AutomationExecution* automationExecutionId > ssm:R:A:automation-execution/$
ssm:*Parameter,*Parameters,*ParameterHistory,*ParameterVersion name|names > @param
ssm:GetParametersByPath path > @param
ssm:*Document,*DocumentPermission,*DocumentDefaultVersion,*DocumentVersions name|.documentDescription.name > @document
ssm:*Association*,StartAssociationsOnce .associationDescription.associationId|associationId|associationIds > ssm:R:A:association/$; instanceId|targets.values > @instance; member instanceId|.associationDescription.targets.values > @instance; member name > @document
ssm:*MaintenanceWindow* .windowId|windowId > ssm:R:A:maintenancewindow/$
ssm:*PatchBaseline* .baselineId|baselineId > ssm:R:A:patchbaseline/$
ssm:AddTagsToResource,RemoveTagsFromResource,ListTagsForResource resourceId > @ssm
ssm:PutComplianceItems - > @endpoint; mention resourceId > @ssm
ssm:GetCommandInvocation,ListCommandInvocations,CancelCommand instanceId|instanceIds > @instance
ssm:DescribeInstanceInformation - > @endpoint; mention instanceInformationFilterList.valueSet|filters.values > @instance
ssm:DescribeParameters,ListCommands,ListDocuments,DescribeSessions - > @endpoint
ssm:* instanceId|instanceIds|target > @instance

states:StartExecution,StartSyncExecution stateMachineArn > @arn; member .executionArn > @arn
states:StopExecution,DescribeExecution,GetExecutionHistory,RedriveExecution executionArn > @arn
states:* .stateMachineArn|stateMachineArn|resourceArn|.activityArn|activityArn|executionArn|name > states:R:A:stateMachine:$
codebuild:StartBuild*,RetryBuild* projectName > codebuild:R:A:project/$; .build.projectName > codebuild:R:A:project/$; member .build.arn > @arn
codebuild:StopBuild,BatchGetBuilds id|ids > codebuild:R:A:build/$
codebuild:* .project.arn|name|projectName|names > codebuild:R:A:project/$
codepipeline:* pipeline.name|pipelineName|name > codepipeline:R:A:$; resourceArn > @arn
autoscaling:*LaunchConfiguration* launchConfigurationName|launchConfigurationNames > autoscaling:R:A:launchConfiguration:launchConfigurationName/$
autoscaling:TerminateInstanceInAutoScalingGroup,SetInstanceHealth instanceId > @ec2; parent autoScalingGroupName|.activity.autoScalingGroupName > autoscaling:R:A:autoScalingGroup:autoScalingGroupName/$
autoscaling:*Tags tags.resourceId > autoscaling:R:A:autoScalingGroup:autoScalingGroupName/$
autoscaling:* autoScalingGroupName|autoScalingGroupNames > autoscaling:R:A:autoScalingGroup:autoScalingGroupName/$; member instanceIds > @ec2; member instanceId > @ec2; member targetGroupARNs > @arn
elasticbeanstalk:*Environment* environmentName|.environmentName > elasticbeanstalk:R:A:environment/{applicationName|.applicationName}/$; environmentName|.environmentName > elasticbeanstalk:R:A:environment/$; .environmentArn > @arn; parent applicationName|.applicationName > elasticbeanstalk:R:A:application/$
elasticbeanstalk:*ApplicationVersion* versionLabel > elasticbeanstalk:R:A:applicationversion/{applicationName}/$; parent applicationName > elasticbeanstalk:R:A:application/$
elasticbeanstalk:*Application applicationName > elasticbeanstalk:R:A:application/$
elasticmapreduce:* .jobFlowId|jobFlowId|jobFlowIds|clusterId|.clusterId > elasticmapreduce:R:A:cluster/$
lightsail:*Instance,*Instances,*InstanceAccessDetails,*InstancePublicPorts instanceName|instanceNames > lightsail:R:A:Instance/$
glue:*DevEndpoint* endpointName > glue:R:A:devEndpoint/$
glue:*JobRun* jobName > glue:R:A:job/$
glue:*Job jobName|name > glue:R:A:job/$
bedrock:InvokeModel*,Converse* modelId > bedrock:R::foundation-model/$
bedrock-agentcore:*AgentRuntime*,InvokeAgentRuntime .agentRuntimeArn|agentRuntimeArn|agentRuntimeId > bedrock-agentcore:R:A:runtime/$
bedrock-agentcore:*Gateway,*GatewayTarget,InvokeGateway .gatewayArn|gatewayArn|gatewayIdentifier|gatewayId > bedrock-agentcore:R:A:gateway/$
bedrock-agentcore:*WorkloadIdentity*,GetWorkloadAccessToken* .workloadIdentityArn|workloadName|name > bedrock-agentcore:R:A:workload-identity-directory/default/workload-identity/$
bedrock-agentcore:GetResourceOauth2Token,*Oauth2CredentialProvider resourceCredentialProviderName|name > bedrock-agentcore:R:A:token-vault/default/oauth2credentialprovider/$
bedrock-agentcore:GetResourceApiKey,*ApiKeyCredentialProvider resourceCredentialProviderName|name > bedrock-agentcore:R:A:token-vault/default/apikeycredentialprovider/$
`
