package cloudtrail

// overridesData is the override table of data, networking and configuration.
const overridesData = `
rds:RestoreDBInstance*,CreateDBInstanceReadReplica .dBInstanceArn|dBInstanceIdentifier|targetDBInstanceIdentifier > rds:R:A:db:$lower; member dBSnapshotIdentifier > rds:R:A:snapshot:$lower; member sourceDBInstanceIdentifier > rds:R:A:db:$lower
rds:RestoreDBCluster* .dBClusterArn|dBClusterIdentifier > rds:R:A:cluster:$lower; member snapshotIdentifier > rds:R:A:cluster-snapshot:$lower
rds:*DBClusterSnapshot* .dBClusterSnapshotArn|targetDBClusterSnapshotIdentifier|dBClusterSnapshotIdentifier > rds:R:A:cluster-snapshot:$lower; - > @endpoint; parent dBClusterIdentifier > rds:R:A:cluster:$lower
rds:*DBSnapshot* .dBSnapshotArn|targetDBSnapshotIdentifier|dBSnapshotIdentifier|.dBSnapshotIdentifier > rds:R:A:snapshot:$lower; - > @endpoint; parent .dBInstanceIdentifier|dBInstanceIdentifier > rds:R:A:db:$lower; member sourceDBSnapshotIdentifier > rds:R:A:snapshot:$lower
rds:*DBClusterParameterGroup*,*DBClusterParameters .dBClusterParameterGroupArn|dBClusterParameterGroupName > rds:R:A:cluster-pg:$lower
rds:*DBParameterGroup*,*DBParameters .dBParameterGroupArn|dBParameterGroupName > rds:R:A:pg:$lower
rds:*DBSubnetGroup* .dBSubnetGroupArn|dBSubnetGroupName > rds:R:A:subgrp:$lower; - > @endpoint; member subnetIds > @ec2
rds:*OptionGroup* .optionGroupArn|optionGroupName > rds:R:A:og:$lower
rds:*DBSecurityGroup* .dBSecurityGroupArn|dBSecurityGroupName > rds:R:A:secgrp:$lower
rds:*EventSubscription* .eventSubscriptionArn|subscriptionName > rds:R:A:es:$lower
rds:*GlobalCluster* .globalClusterArn|globalClusterIdentifier > rds::A:global-cluster:$lower
rds:*DBCluster* .dBClusterArn|dBClusterIdentifier > rds:R:A:cluster:$lower; - > @endpoint
rds:*DBInstance*,*DBLogFile* .dBInstanceArn|dBInstanceIdentifier > rds:R:A:db:$lower; - > @endpoint
rds:*TagsForResource,*TagsToResource,*TagsFromResource resourceName > @arn
rds:StartExportTask .sourceArn|sourceArn > @arn; kms kmsKeyId > @kms
rds:DescribeDBEngineVersions,DescribeOrderableDBInstanceOptions - > @endpoint

dynamodb:BatchGetItem,BatchWriteItem requestItems.* > dynamodb:R:A:table/$
dynamodb:TransactGetItems,TransactWriteItems transactItems.get.tableName|transactItems.put.tableName|transactItems.update.tableName|transactItems.delete.tableName|transactItems.conditionCheck.tableName > dynamodb:R:A:table/$
dynamodb:RestoreTable* .tableDescription.tableArn|targetTableName > dynamodb:R:A:table/$; member backupArn|sourceTableArn|sourceTableName > dynamodb:R:A:table/$
dynamodb:*Backup* .backupDetails.backupArn|backupArn > @arn; tableName > dynamodb:R:A:table/$; parent tableName > dynamodb:R:A:table/$
dynamodb:* .tableDescription.tableArn|tableName|tableArn|resourceArn > dynamodb:R:A:table/$; exportArn|streamArn > @arn
cloudformation:*StackSet*,*StackInstances .stackSetId > @arn; stackSetName > cloudformation:R:A:stackset/$
cloudformation:*ChangeSet* .stackId|stackName > cloudformation:R:A:stack/$; changeSetName > @arn; member .id|changeSetName > @arn
cloudformation:*Stack*,GetTemplate*,SignalResource,SetStackPolicy,ContinueUpdateRollback .stackId|stackName|stackId > cloudformation:R:A:stack/$
sqs:* .queueUrl|queueUrl|queueName > @sqs; resourceArn > @arn
sns:Subscribe topicArn > @arn; member .subscriptionArn > @arn
sns:Unsubscribe,*SubscriptionAttributes subscriptionArn > @arn
sns:CreateTopic .topicArn|name > sns:R:A:$
sns:* topicArn|targetArn|resourceArn > @arn; platformApplicationArn|endpointArn > @arn
route53:*HealthCheck* .healthCheck.id|healthCheckId > route53:::healthcheck/$
route53:* .hostedZone.id|hostedZoneId|id > @zone; member hostedZone.id > @zone
route53domains:* domainName > @none; - > @endpoint

elasticloadbalancing:CreateRule .rules.ruleArn|listenerArn > @arn; parent listenerArn > @arn; member actions.targetGroupArn > @arn
elasticloadbalancing:*Rule*,SetRulePriorities ruleArn|ruleArns|rulePriorities.ruleArn|listenerArn > @arn
elasticloadbalancing:CreateListener .listeners.listenerArn > @arn; loadBalancerArn > @arn; parent loadBalancerArn > @arn; member defaultActions.targetGroupArn > @arn
elasticloadbalancing:*LoadBalancerListener*,*LoadBalancerPolicy,*LoadBalancerPolicies*,*InstancesWithLoadBalancer,*InstancesFromLoadBalancer loadBalancerName > elasticloadbalancing:R:A:loadbalancer/$; member instances.instanceId > @ec2
elasticloadbalancing:*Listener* listenerArn|listenerArns|loadBalancerArn > @arn; member defaultActions.targetGroupArn > @arn
elasticloadbalancing:*TargetGroup*,*Targets,*TargetHealth .targetGroups.targetGroupArn|targetGroupArn|targetGroupArns > @arn; - > @endpoint; member targets.id > @ec2
elasticloadbalancing:CreateLoadBalancer .loadBalancers.loadBalancerArn|loadBalancerName|name > elasticloadbalancing:R:A:loadbalancer/$; parent subnets > @ec2; member securityGroups > @ec2
elasticloadbalancing:*Tags resourceArns|loadBalancerNames > elasticloadbalancing:R:A:loadbalancer/$
elasticloadbalancing:* loadBalancerArn|loadBalancerName|loadBalancerArns|loadBalancerNames|resourceArn > elasticloadbalancing:R:A:loadbalancer/$
apigateway:*Stage,*Deployment stageName > apigateway:R::/restapis/{restApiId}/stages/$; stageName > apigateway:R::/apis/{apiId}/stages/$; restApiId > apigateway:R::/restapis/$; apiId > apigateway:R::/apis/$; parent restApiId > apigateway:R::/restapis/$; parent apiId > apigateway:R::/apis/$
apigateway:CreateRestApi,ImportRestApi .id > apigateway:R::/restapis/$; - > @endpoint
apigateway:CreateApi,ImportApi .apiId > apigateway:R::/apis/$; - > @endpoint
apigateway:CreateApiKey .id > apigateway:R::/apikeys/$; - > @endpoint
apigateway:*ApiKey apiKey > apigateway:R::/apikeys/$
apigateway:*DomainName domainName > apigateway:R::/domainnames/$
apigateway:* restApiId > apigateway:R::/restapis/$; apiId > apigateway:R::/apis/$; - > @endpoint
cloudfront:*Function* name|.functionSummary.functionMetadata.functionARN > cloudfront::A:function/$
cloudfront:*Invalidation distributionId > cloudfront::A:distribution/$
cloudfront:*Distribution*,*MonitoringSubscription .distribution.aRN|.distribution.id|id|distributionId > cloudfront::A:distribution/$
cloudfront:TagResource,UntagResource,ListTagsForResource resource > @arn
ce:* .monitorArn|monitorArn|.subscriptionArn|subscriptionArn|.costCategoryArn|costCategoryArn|resourceArn > @arn; - > @endpoint
events:PutEvents entries.eventBusName > events:R:A:event-bus/$; - > @endpoint
events:*Targets,PutTargets,*Rule,ListTargetsByRule .ruleArn|rule|name > @rule; member targets.arn > @arn; passed targets.roleArn > @arn
events:*EventBus,*Permission .eventBusArn|eventBusName|name > events:R:A:event-bus/$
logs:*LogStream,PutLogEvents,GetLogEvents logStreamName > logs:R:A:log-group:{logGroupName}:log-stream:$; logGroupIdentifier > @arn; parent logGroupName > logs:R:A:log-group:$
logs:*SubscriptionFilter* logGroupName > logs:R:A:log-group:$; member destinationArn > @arn
logs:*Destination* destinationName > logs:R:A:destination:$
logs:DescribeLogGroups - > @endpoint
logs:* logGroupName|logGroupIdentifier|logGroupNames|logGroupIdentifiers|resourceArn > logs:R:A:log-group:$; kms kmsKeyId > @kms
cloudwatch:*Alarm*,SetAlarmState alarmName|alarmNames > cloudwatch:R:A:alarm:$; - > @endpoint
cloudwatch:*Dashboard* dashboardName|dashboardNames > cloudwatch::A:dashboard/$; - > @endpoint
kinesis:*StreamConsumer* .consumer.consumerARN|consumerARN > @arn; streamARN > @arn; parent streamARN > @arn
kinesis:* streamARN|streamName > kinesis:R:A:stream/$
ecr:* repositoryName|.repository.repositoryName|repositoryNames > ecr:R:A:repository/$; - > @endpoint
elasticfilesystem:CreateFileSystem .fileSystemId > elasticfilesystem:R:A:file-system/$; - > @endpoint
elasticfilesystem:* fileSystemId|.fileSystemId > elasticfilesystem:R:A:file-system/$; accessPointId > elasticfilesystem:R:A:access-point/$; resourceId > elasticfilesystem:R:A:file-system/$
elasticache:*ReplicationGroup* .replicationGroup.aRN|.aRN|replicationGroupId > elasticache:R:A:replicationgroup:$; - > @endpoint
elasticache:*CacheCluster* .aRN|cacheClusterId > elasticache:R:A:cluster:$; - > @endpoint
redshift:*ClusterSnapshot* snapshotIdentifier|.snapshotIdentifier > redshift:R:A:snapshot:{clusterIdentifier|.clusterIdentifier}/$; clusterIdentifier > redshift:R:A:cluster:$; parent clusterIdentifier > redshift:R:A:cluster:$
redshift:*Cluster,*ClusterCredentials* clusterIdentifier > redshift:R:A:cluster:$
es:*Domain* .domainStatus.aRN|domainName > es:R:A:domain/$; - > @endpoint
glue:*Database* databaseInput.name|name|databaseName > glue:R:A:database/$
glue:*Table,*Tables tableInput.name|name|tableName > glue:R:A:table/{databaseName}/$; databaseName > glue:R:A:database/$; parent databaseName > glue:R:A:database/$
glue:*Crawler* name > glue:R:A:crawler/$
backup:*RecoveryPoint* recoveryPointArn > @arn; parent backupVaultName > backup:R:A:backup-vault:$
backup:*BackupVault* .backupVaultArn|backupVaultName > backup:R:A:backup-vault:$
cognito-idp:* userPoolId|.userPool.id > cognito-idp:R:A:userpool/$
cognito-identity:* identityPoolId|.identityPoolId > cognito-identity:R:A:identitypool/$
guardduty:*Members,*Invitations* detectorId > guardduty:R:A:detector/$
guardduty:* detectorId|.detectorId > guardduty:R:A:detector/$
notifications:* .arn|arn > @arn; - > @endpoint
resource-explorer-2:ListIndexes,Search - > @endpoint
`
